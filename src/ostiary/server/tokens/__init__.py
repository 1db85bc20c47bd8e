"""Tokens for clusters: which key signs when, what a token claims, and the keys as they are kept.

``schedule`` and ``claims`` decide, over values; ``keys`` makes, seals and uses keys; ``signer`` joins them to the store.
"""
