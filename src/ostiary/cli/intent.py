"""``ostiary intent``: the file in which people say what they want.

ostiary intent check ostiary.yaml
ostiary intent schema > ostiary.schema.json      for editors that complete YAML
"""

from pathlib import Path
from typing import Annotated

import typer

from ostiary.cli.output import answer, say

app = typer.Typer(help="The file in which you say what you want: ostiary.yaml.", no_args_is_help=True)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The intent file.")] = Path("ostiary.yaml"),
) -> None:
    """Read an intent file and name every mistake by its line. Exit 0: it is right; 2: it is not."""
    from ostiary.adapters.intent_file import load

    say(f"{file}: an intent file of digest {load(file).digest[:12]}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of the intent file."""
    import msgspec

    from ostiary.adapters import intent_file

    answer(msgspec.json.format(msgspec.json.encode(intent_file.schema()), indent=2).decode())
