"""``ostiary up``: the control plane and the gateway on this machine, until interrupted.

ostiary up                                              everything by default: SQLite, the built-in sign-on, addresses of this machine
ostiary up --intent ostiary.yaml --config server.yaml
ostiary up --data /srv/ostiary --set api.port=9440 --set gateway.address=0.0.0.0
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ostiary.cli.output import say
from ostiary.core.errors import BadInput

if TYPE_CHECKING:
    from ostiary.server.config import Configuration
    from ostiary.server.run import Started

Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="The configuration; default: $OSTIARY_SERVER_CONFIG, else none.")
]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting, as in api.port=9440; again for more.")
]
Data = Annotated[
    str | None, typer.Option("--data", metavar="DIRECTORY", help="Where everything is kept; short for --set data=.")
]
Intent = Annotated[str | None, typer.Option("--intent", metavar="FILE", help="Who may ask for what; short for --set intent=.")]

_CONFIG = "OSTIARY_SERVER_CONFIG"


def up(config: Config = None, sets: Set = None, data: Data = None, intent: Intent = None) -> None:
    """Run the control plane and the gateway until interrupted."""
    import asyncio

    configuration = _loaded(config, sets, data, intent)
    asyncio.run(_run(configuration))


def _loaded(config: Path | None, sets: list[str] | None, data: str | None, intent: str | None) -> "Configuration":
    """The configuration, with everything loaded that runs it. Garbage is not looked for meanwhile: there is none, and it takes a fifth of the time."""
    import gc

    gc.disable()
    try:
        import ostiary.server.run  # noqa: F401 # what takes long is loaded here

        return configured(config, sets, data=data, intent=intent)
    finally:
        gc.freeze()  # what was loaded stays: later collections need not look at it
        gc.enable()


def configured(
    config: Path | None, sets: list[str] | None, *, data: str | None = None, intent: str | None = None
) -> "Configuration":
    """The configuration of file, environment and flags."""
    from ostiary.server.config import read

    flags = dict(_pair(one) for one in sets or ())
    flags |= {key: value for key, value in (("data", data), ("intent", intent)) if value is not None}
    environment = {name: value for name, value in os.environ.items() if name != _CONFIG}
    file = config or (Path(os.environ[_CONFIG]) if os.environ.get(_CONFIG) else None)
    return read(file, environment, flags)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise BadInput(f"--set {text!r} sets nothing", todo="write it as --set KEY=VALUE; the keys: ostiary config show")
    return key.strip(), value.strip()


async def _run(configuration: "Configuration") -> None:
    import asyncio
    import logging
    import signal
    import sys

    from ostiary.server.run import serve

    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(name)s: %(message)s")
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(configuration.settings, stop, _told)
    say("stopped")


def _told(started: "Started") -> None:
    say(f"control plane  {started.server}")
    if started.gateway:
        say(f"gateway        {started.gateway}")
    say(f"authority      {started.certificate_authority}")
    if started.first_administrator:
        say(f"administrator  admin; the password is in {started.first_administrator}: sign in, then delete that file")
        say(f"  ostiary login --server {started.server} --ca {started.certificate_authority} --person admin")
    say("ready; stop with Ctrl-C")
