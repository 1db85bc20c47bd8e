"""Where the ``ostiary`` command starts: kubectl's call for a token is answered at once, everything else by ``main``.

kubectl calls ``ostiary credential --cluster C --session S`` for each of its own commands; loading the whole command line first would be most of its time. The
words are exactly those that ``ostiary kubeconfig`` writes; any others take the long way, where they are understood or refused.
"""

import sys


def main() -> None:
    """Run the command."""
    match sys.argv[1:]:
        case ["credential", "--cluster", cluster, "--session", session]:
            _credential(cluster, session)
        case _:
            _everything()


def _everything() -> None:
    from ostiary.cli.main import main as everything

    everything()


def _credential(cluster: str, session: str) -> None:
    from ostiary.cli.credential_plugin import answer_kubectl
    from ostiary.core.errors import OstiaryError

    try:
        answer_kubectl(cluster, session)
    except OstiaryError as error:
        print(f"ostiary: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except Exception:  # a bug: the long way meets it too, and knows how to say so
        _everything()
