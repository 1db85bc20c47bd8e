"""Guardrails: who can never reach what, by no chain of escalations. The clauses of a cluster, what follows from them, and the verdict.

``horn`` derives; ``rights`` says which rights lead on; ``program`` turns a World into clauses: ``effects``, ``becoming``, ``insides``, ``lateral``;
``goals`` are the guardrails; ``chains`` are derivations as people read them; ``guarded`` decides, ``certificate`` shows it to a stranger.
"""
