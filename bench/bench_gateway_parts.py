"""What each part of the gateway's way of a request costs: processor time of a small get with the part left out, beside the whole.

Each variant is the generated configuration without one thing, before a stand-in of an API server, with 32 clients. Processor time is the proxy's own; a
figure is the least of the rounds, because what else runs on the machine only adds. A bare Envoy and the proxy in Go are measured in the same run.

    python bench/bench_gateway_parts.py [--rounds 5]
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import contenders
from bench.bench_gateway import SMALL, requests
from bench.contenders import Place

Manager = dict[str, Any]


def no_records(manager: Manager) -> None:
    """Neither the line at the start nor the one at the end."""
    manager.pop("access_log")
    for key in ("upstream_log", "upstream_log_options"):
        _router(manager).pop(key)


def no_start(manager: Manager) -> None:
    """Only the line at the end."""
    for key in ("upstream_log", "upstream_log_options"):
        _router(manager).pop(key)


def no_grammar(manager: Manager) -> None:
    """One route for everything."""
    everything = {"match": {"prefix": "/"}, "route": {"cluster": f"{contenders.CLUSTER}/http2", "timeout": "0s"}}
    manager["route_config"]["virtual_hosts"][0]["routes"] = [everything]


def no_identity(manager: Manager) -> None:
    """Neither identity headers, nor the check that they are there, nor the deny list."""
    left_out = ("identity", "identified", "denied")
    manager["http_filters"] = [one for one in manager["http_filters"] if one["name"] not in left_out]


def no_stripping(manager: Manager) -> None:
    """What clients say goes on."""
    manager.pop("early_header_mutation_extensions")


VARIANTS: Mapping[str, tuple[Callable[[Manager], None], ...]] = {
    "the whole": (),
    "without records": (no_records,),
    "without the record at the start": (no_start,),
    "without the grammar": (no_grammar,),
    "without identity and deny list": (no_identity,),
    "without stripping": (no_stripping,),
    "tokens alone": (no_records, no_grammar, no_identity, no_stripping),
}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="bench-parts-") as work, ExitStack() as stack:
        place = stack.enter_context(contenders.stand_in(Place.without_cluster(Path(work))))
        ways = {"bare Envoy": stack.enter_context(contenders.bare_envoy(place))}
        ways["Go proxy"] = stack.enter_context(contenders.go_proxy(place))
        for name, parts in VARIANTS.items():
            ways[name] = stack.enter_context(contenders.gateway(place, change=partial(_without, parts)))
        least = dict.fromkeys(ways, float("inf"))
        for _ in range(rounds):
            for name, way in ways.items():
                least[name] = min(least[name], 1e6 / requests(way, SMALL, 32, 1.5).per_cpu)
    for name, cost in least.items():
        print(f"{name:<34}{cost:>6.0f} us of processor time{cost - least['the whole']:>+7.0f}")
    return 0


def _without(parts: tuple[Callable[[Manager], None], ...], listener: dict[str, Any]) -> None:
    for part in parts:
        part(listener["filter_chains"][0]["filters"][0]["typed_config"])


def _router(manager: Manager) -> dict[str, Any]:
    found: dict[str, Any] = manager["http_filters"][-1]["typed_config"]
    return found


if __name__ == "__main__":
    sys.exit(main())
