"""``ostiary config show``: what ``ostiary up`` would run with, and where each value comes from. Nothing secret is shown."""

from typing import Annotated

import typer

from ostiary.cli.output import answer
from ostiary.cli.up import Config, Data, Intent, Set, configured

app = typer.Typer(name="config", help="The configuration of the control plane and the gateway.", no_args_is_help=True)


@app.callback()
def config() -> None:
    """The configuration of the control plane and the gateway."""


@app.command()
def show(
    config: Config = None,
    sets: Set = None,
    data: Data = None,
    intent: Intent = None,
    origin: Annotated[bool, typer.Option("--origin", help="Say of each value where it comes from.")] = False,
) -> None:
    """Show every setting as one line: key, value, and with --origin where it comes from."""
    from ostiary.server.config import shown

    found = configured(config, sets, data=data, intent=intent)
    values = shown(found)
    width = max(map(len, values))
    for key, value in values.items():
        text = f"{key:{width}}  {_text(value)}"
        answer(f"{text:{width + 32}}  {found.origins[key]}" if origin else text)


def _text(value: object) -> str:
    import json

    return value if isinstance(value, str) and value else json.dumps(value)
