"""The first word with an API server: its version, and whether it knows us at all.

>>> minor("v1.37.2"), minor("v1.36.1-eks-1234"), minor("")
(37, 36, 0)
"""

import re

import msgspec

from ostiary.adapters.kubernetes.answers import rejected
from ostiary.adapters.kubernetes.client import Client
from ostiary.core.errors import Unreachable

_STREAMING_LISTS = 34  # KEP-3157: on by default in 1.32, off again in 1.33, on since 1.34
_UNAUTHORIZED = 401


class _Version(msgspec.Struct, rename="camel"):
    git_version: str = ""


async def server_version(client: Client) -> str:
    """Such as ``v1.37.2``; empty when the server does not tell. Unreachable when it does not answer, or says 401."""
    response = await client.request("GET", "/version")
    if response.status == _UNAUTHORIZED:
        raise Unreachable(
            f"{client.access} does not accept the credentials (401)",
            todo="log in again, or choose another context; try: kubectl auth whoami",
        )
    if response.status >= 500:
        answer = rejected(response.status, response.body)
        raise Unreachable(f"{client.access} is not ready: {answer}", todo="wait for it; try: kubectl get --raw /readyz")
    try:
        return msgspec.json.decode(response.body, type=_Version).git_version if response.ok else ""
    except msgspec.MsgspecError:
        raise Unreachable(f"{client.access} does not answer as an API server does", todo="is this its address?") from None


def minor(version: str) -> int:
    """The N of 1.N; 0 when it cannot be told."""
    match = re.match(r"v?1\.([0-9]{1,4})(?![0-9])", version)
    return int(match[1]) if match else 0


def streams_lists(version: str) -> bool:
    """Whether it is worth asking for a list as a stream."""
    return minor(version) >= _STREAMING_LISTS
