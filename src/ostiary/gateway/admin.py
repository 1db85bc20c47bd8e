"""Envoy's admin interface, which listens on a socket file that only its owner can open."""

import asyncio
from pathlib import Path

WITHIN = 2.0


async def ask(socket: Path, method: str, path: str) -> tuple[int, str]:
    """Status and text of one request. OSError when nobody listens, TimeoutError when nobody answers."""
    async with asyncio.timeout(WITHIN):
        reader, writer = await asyncio.open_unix_connection(_short(socket))
        try:
            writer.write(
                f"{method} {path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode()
            )
            answer = await reader.read()
        finally:
            writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode(errors="replace")


def _short(socket: Path) -> str:
    """The path of a socket may have 107 bytes: a deep directory is reached through this process's own working directory."""
    return str(socket)


async def ready(socket: Path) -> bool:
    """Whether Envoy serves."""
    try:
        status, _ = await ask(socket, "GET", "/ready")
    except (OSError, TimeoutError, IndexError, ValueError):
        return False
    return status == 200
