"""Decisions across pillars: what follows when facts of several are put together. No input, no output, no clock, as in a pillar.

``around`` asks who can get round the Pod Security levels of a policy: by RBAC, directly or in the name of somebody else.
"""
