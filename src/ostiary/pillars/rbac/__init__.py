"""RBAC: who may do what, exactly as the API server says.

>>> from ostiary.pillars.rbac.authorizer import Authorizer
"""
