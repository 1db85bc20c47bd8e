"""``python -m ostiary.verifier CERTIFICATE [--world DIGEST]``."""

import argparse
import sys
from pathlib import Path

from .checks import verify
from .reading import Broken, Unreadable


def main(arguments: list[str]) -> int:
    """Check one file; the exit code is the answer."""
    parser = argparse.ArgumentParser(prog="python -m ostiary.verifier", description="Check a certificate of ostiary.")
    parser.add_argument("certificate", type=Path)
    parser.add_argument("--world", default="", metavar="DIGEST", help="the World that it has to be for")
    chosen = parser.parse_args(arguments)
    try:
        holds = verify(chosen.certificate.read_bytes(), world=chosen.world)
    except OSError as error:
        print(f"unreadable: {error}", file=sys.stderr)
        return 2
    except Unreadable as error:
        print(f"unreadable: {chosen.certificate}: {error}", file=sys.stderr)
        return 2
    except Broken as error:
        print(f"does not hold: {error}")
        return 1
    print(f"holds: {holds.claim}\n  in the World {holds.world}")
    for text in holds.assumptions:
        print(f"  taken for granted: {text}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
