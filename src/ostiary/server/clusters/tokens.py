"""Tokens of the two service accounts on a cluster, made by TokenRequest: short, for the API server's own audience, never stored on the cluster.

The gateway's lives half an hour and is made anew when half of that is over; the controller's lives a week, so that an ostiary that was off for a few
days finds its clusters again, and is made anew every day. A server may shorten either.

Source: ``pkg/registry/core/serviceaccount/storage/token.go`` (ten minutes at least, and whatever ``--service-account-max-token-expiration`` says at most).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from ostiary.adapters.kubernetes.answers import rejected
from ostiary.adapters.kubernetes.client import Client
from ostiary.core.errors import Unreachable
from ostiary.model.access import NAMESPACE
from ostiary.pillars.access.objects import moment

GATEWAY_SECONDS = 1800
CONTROLLER_SECONDS = 7 * 86400
CONTROLLER_RENEWAL = timedelta(days=1)
_CREATED = 201


@dataclass(frozen=True, slots=True)
class AccountToken:
    """A token and the time that it is good for."""

    text: str = field(repr=False)
    made_at: datetime
    expires: datetime

    def renew_at(self) -> datetime:
        """When half of its life is over, and a day after it was made at the latest."""
        return min(self.made_at + (self.expires - self.made_at) / 2, self.made_at + CONTROLLER_RENEWAL)


class _Status(msgspec.Struct, rename="camel"):
    token: str = ""
    expiration_timestamp: str = ""


class _TokenRequest(msgspec.Struct):
    status: _Status


async def request_token(client: Client, account: str, seconds: int, now: datetime) -> AccountToken:
    """A new token of a service account of ours. Unreachable with the server's own words when it refuses."""
    body: dict[str, Any] = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": seconds},
    }
    path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{account}/token"
    response = await client.request("POST", path, body=msgspec.json.encode(body))
    if response.status != _CREATED:
        refusal = rejected(response.status, response.body)
        raise Unreachable(
            f"{client.access} makes no token of {NAMESPACE}/{account}: {refusal}",
            todo="if its objects were removed, add the cluster again: ostiary cluster add NAME --take-over",
        )
    status = msgspec.json.decode(response.body, type=_TokenRequest).status
    expires = moment(status.expiration_timestamp)
    if not status.token or expires is None:
        raise Unreachable(f"{client.access} answers a TokenRequest without a token", todo="is this an API server?")
    return AccountToken(status.token, now, expires)
