"""``ostiary sandbox``: a real Kubernetes cluster on this machine, without Docker."""

import typer

app = typer.Typer(help="A real Kubernetes cluster on this machine, without Docker.", no_args_is_help=True)
