"""RBAC: who may do what, exactly as the API server says; what leads further than it says; what is wrong now.

The way of a question: ``request`` and ``identity`` say what is asked and by whom; ``grants`` resolves every binding (``subject``, ``rule``, ``aggregation``,
``validity``, ``doubt``); ``authorizer`` decides, with ``node`` beside it; ``explanation`` says why. ``columns`` and ``who`` answer for all subjects at once.
``impersonation``, ``escalation`` and ``secondary`` are the checks that no access review shows. ``escalations`` are facts, ``check`` findings.

>>> from ostiary.pillars.rbac.authorizer import Authorizer
"""
