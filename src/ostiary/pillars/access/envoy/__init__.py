"""A GatewayState as the configuration of stock Envoy: dictionaries in, none of them written or tried here.

``files`` puts everything together; ``pipeline`` is the order of filters; ``routes`` is the grammar as routes. Source: Envoy 1.40, API v3
(https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/api). Every claim about a filter is tried on Envoy itself in ``tests/attacks``.
"""
