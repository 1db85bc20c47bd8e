"""``ostiary gateway``: Envoy alone, from the directory that the control plane wrote.

``ostiary up`` runs it by itself. This is for a gateway apart from its control plane, and for finding out what is wrong with one.

ostiary gateway ~/.local/state/ostiary/gateway
"""

from pathlib import Path
from typing import Annotated

import typer

Directory = Annotated[Path, typer.Argument(metavar="DIRECTORY", help="The gateway's directory, written by the control plane.")]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="Envoy's threads; default: one for each processor.")]


def gateway(directory: Directory, workers: Workers = None) -> None:
    """Run the gateway of a directory until interrupted; a crash of Envoy is mended within a second."""
    import asyncio

    asyncio.run(_run(directory, workers))


async def _run(directory: Path, workers: int | None) -> None:
    import asyncio
    import signal

    from ostiary.cli.output import say
    from ostiary.core.errors import BadInput
    from ostiary.gateway.gateway import Gateway
    from ostiary.pillars.access.envoy.names import BOOTSTRAP

    if not (directory / BOOTSTRAP).is_file():
        raise BadInput(
            f"{directory} holds no configuration of a gateway", todo="it is written by the control plane: ostiary up"
        )
    served, stop = Gateway(directory, workers=workers), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    say(f"gateway of {directory}: records in {served.records}; stop with Ctrl-C")
    await served.run(stop)
