"""Whether Envoy itself takes a configuration: asked before it goes live.

Envoy reads the whole of it (``--mode validate``): filters, routes, expressions, keys, certificates. It opens no port. What it says about a bad one becomes the
message; of a file with secrets it prints none of the content but the field that is wrong, and what looks like a token or a key is taken out all the same.
"""

import asyncio
import re
import tempfile
from pathlib import Path
from typing import Any

from ostiary.adapters.files import write_atomically
from ostiary.core.errors import Refused
from ostiary.gateway.binary import envoy
from ostiary.pillars.access.envoy.wire import compact

WITHIN = 300.0  # a thousand clusters are some ten seconds of a processor, and it may have others to serve
_SECRET = re.compile(
    r"Bearer [^\s\"']+|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)|eyJ[\w-]+\.[\w.-]+", re.DOTALL
)


async def validate(configuration: dict[str, Any]) -> None:
    """Refused with Envoy's own words when it does not take the configuration."""
    with tempfile.TemporaryDirectory(prefix="ostiary-gateway-") as directory:
        file = Path(directory, "candidate.json")
        await asyncio.to_thread(write_atomically, file, compact(configuration).encode())
        process = await asyncio.create_subprocess_exec(
            envoy(), "--mode", "validate", "-c", str(file), "--disable-hot-restart", "-l", "error",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=directory,
        )  # fmt: skip
        try:
            said, _ = await asyncio.wait_for(process.communicate(), WITHIN)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise Refused(
                f"Envoy did not say within {WITHIN:.0f} s whether it takes the configuration", todo="the one before stays"
            ) from None
    if process.returncode != 0:
        raise Refused(
            f"Envoy does not take this configuration: {_reason(said)}", todo="the one before stays in force; please report this"
        )


def _reason(said: bytes) -> str:
    text = _SECRET.sub("***", said.decode(errors="replace"))
    lines = [line for line in text.splitlines() if line.strip()]
    return (lines[-1] if lines else "it said nothing")[:500]
