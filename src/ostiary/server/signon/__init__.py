"""Sign-on: how people come to a session, by the built-in provider or by any OpenID Connect provider.

``names`` decides who somebody is; ``accounts`` and ``passkeys`` are the built-in provider; ``flows`` leads a sign-in from its start to a session; ``routes``
and ``pages`` are what the command line and a browser reach; ``service`` joins them to what ``server.ports`` asks for.
"""
