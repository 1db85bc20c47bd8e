"""OpenID Connect, as a relying party: what a provider says about itself, its keys, and whom it says has signed in.

Authorization code with PKCE, state and nonce; the device grant for machines without a browser. A provider that is down is Unreachable; one that lies, or that
somebody lies for, is Refused, with what was wrong and never with a token. Sources: OpenID Connect Core and Discovery 1.0, RFC 7636, 8628, 9207, 9700.
"""

from ostiary.adapters.oidc.relying_party import DeviceCode, Identity, Pending, RelyingParty
from ostiary.adapters.oidc.settings import OidcSettings

__all__ = ["DeviceCode", "Identity", "OidcSettings", "Pending", "RelyingParty"]
