"""Envoy's admin interface, which listens on a socket file that only its owner can open."""

import asyncio
import os
from pathlib import Path

WITHIN = 2.0


async def ask(socket: Path, method: str, path: str) -> tuple[int, str]:
    """Status and text of one request. OSError when nobody listens, TimeoutError when nobody answers."""
    async with asyncio.timeout(WITHIN):
        reader, writer = await _open(socket)
        try:
            writer.write(
                f"{method} {path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode()
            )
            answer = await reader.read()
        finally:
            writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode(errors="replace")


async def _open(socket: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection. The path of a socket may have 107 bytes, so one in a deep directory is reached through the directory's descriptor."""
    directory = os.open(socket.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        return await asyncio.open_unix_connection(f"/proc/self/fd/{directory}/{socket.name}")
    finally:
        os.close(directory)


async def ready(socket: Path) -> bool:
    """Whether Envoy serves, and has its listener: it calls itself ready without one, too."""
    try:
        status, _ = await ask(socket, "GET", "/ready")
        _, listeners = await ask(socket, "GET", "/listeners?format=text")
    except (OSError, TimeoutError, IndexError, ValueError):
        return False
    return status == 200 and "gateway::" in listeners
