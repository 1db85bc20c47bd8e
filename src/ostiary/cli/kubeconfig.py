"""``ostiary kubeconfig``: the clusters behind the gateway, as contexts of kubectl; no secret is written into the file.

ostiary kubeconfig                        every cluster, into $KUBECONFIG or ~/.kube/config, beside what is there
ostiary kubeconfig --cluster prod --use   one of them, and make it the current context
ostiary kubeconfig --print                on stdout, no file is touched
"""

import base64
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from ostiary.cli.output import answer, say
from ostiary.core.errors import BadInput, Refused, Unreachable

Clusters = Annotated[
    list[str] | None, typer.Option("--cluster", "-c", help="A cluster, again for further ones. Without it: all.")
]
File = Annotated[
    Path | None, typer.Option("--file", help="The kubeconfig, instead of the first of $KUBECONFIG or ~/.kube/config.")
]
Session = Annotated[str | None, typer.Option("--session", help="A session, as `ostiary whoami --all` names it.")]
Print = Annotated[bool, typer.Option("--print", help="Write a kubeconfig on stdout, and touch no file.")]
Use = Annotated[bool, typer.Option("--use", help="Make the first of them the current context.")]
List = Annotated[bool, typer.Option("--list", help="Name the clusters, and touch no file.")]
Remove = Annotated[bool, typer.Option("--remove", help="Take out what was put in for this session.")]


def kubeconfig(
    cluster: Clusters = None,
    file: File = None,
    session: Session = None,
    print_: Print = False,
    use: Use = False,
    list_: List = False,
    remove: Remove = False,
) -> None:
    """Write contexts for the clusters behind the gateway into a kubeconfig; nothing else in it is touched."""
    from ostiary.cli.kubeconfig_merge import merge, without
    from ostiary.cli.session_files import choose

    if remove:
        ours = choose(session).file
        with _open(file or _default_file()) as (path, content):
            _write(path, without(content, ours.server, ours.person))
        say(f"took {ours.person}'s contexts of {ours.server} out of {path}")
        return
    entries, names = _entries(cluster, session)
    if list_:
        for name in names:
            answer(name)
        return
    if not entries:
        raise Refused(
            "there are no clusters behind the gateway yet", todo="add one: ostiary cluster add NAME --kubeconfig FILE"
        )
    if print_:
        made = merge({}, entries)
        answer(_text(made.content | {"current-context": made.contexts[0]}).rstrip())
        return
    with _open(file or _default_file()) as (path, content):
        made = merge(content, entries)
        if made.contexts and (use or not content.get("current-context")):
            made.content["current-context"] = made.contexts[0]
        _write(path, made.content)
    _report(path, made.contexts, made.renamed, made.content.get("current-context"))


def _report(path: Path, contexts: tuple[str, ...], renamed: tuple[str, ...], current: object) -> None:
    for context in contexts:
        answer(context)
    for context in renamed:
        say(f"{context}: the plain name was taken by something that is not ours")
    now = (
        f"kubectl uses {current}"
        if current in contexts
        else f"use one: kubectl --context {contexts[0] if contexts else 'NAME'} ..."
    )
    say(f"wrote {len(contexts)} contexts to {path}; {now}")


def _entries(wanted: list[str] | None, session: str | None) -> tuple[list[Any], list[str]]:
    from ostiary.cli.control_plane import control_plane
    from ostiary.cli.kubeconfig_merge import Entry
    from ostiary.cli.session_files import choose

    chosen = choose(session)
    file = chosen.file
    facts = control_plane(chosen.name).get("/v1/kubeconfig")
    names: list[str] = facts["clusters"]
    unknown = [name for name in wanted or [] if name not in names]
    if unknown:
        raise BadInput(f"there is no cluster {', '.join(unknown)}", todo=f"one of: {', '.join(names) or 'there are none yet'}")
    authority = base64.b64encode(facts["certificate_authority"].encode()).decode()
    entries = [
        Entry(
            name,
            file.person,
            file.server,
            {
                "server": facts["server"],
                "tls-server-name": f"{name}.{facts['domain']}",
                "certificate-authority-data": authority,
            },
            {"exec": _exec(name, chosen.name)},
        )
        for name in wanted or names
    ]
    return entries, names


def _exec(cluster: str, session: str) -> dict[str, Any]:
    """The plugin that kubectl runs for a token; it finds our files also where kubectl runs in another environment."""
    fields: dict[str, Any] = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": _command(),
        "args": ["credential", "--cluster", cluster, "--session", session],
        "interactiveMode": "Never",
        "provideClusterInfo": False,
        "installHint": "ostiary is not installed: pip install ostiary",
    }
    if os.environ.get("OSTIARY_CONFIG"):
        fields["env"] = [{"name": "OSTIARY_CONFIG", "value": str(Path(os.environ["OSTIARY_CONFIG"]).absolute())}]
    return fields


def _command() -> str:
    """Our own command by its whole path, so that another program of the name on kubectl's PATH is not run."""
    ours = Path(sys.argv[0])
    if ours.name == "ostiary" and ours.exists():
        return str(ours.absolute())
    return shutil.which("ostiary") or "ostiary"


def _default_file() -> Path:
    from ostiary.adapters.kubernetes.kubeconfig import kubeconfig_files

    return kubeconfig_files(os.environ)[0]


@contextmanager
def _open(file: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The file that is really meant, with its content, under the lock that kubectl takes too."""
    path = file.expanduser().resolve()
    lock = path.with_name(path.name + ".lock")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise Refused(f"{path} is being written by something else", todo=f"if nothing writes it, remove {lock}") from None
    except OSError as error:
        raise Unreachable(f"cannot write beside {path}: {error.strerror}", todo="choose another place with --file") from None
    try:
        yield path, _read(path)
    finally:
        lock.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any]:
    from ostiary.adapters.decode import Unreadable
    from ostiary.adapters.manifests import yaml_reader

    try:
        content = yaml_reader.read(path.read_text("utf-8")) if path.exists() else None
    except OSError as error:
        raise Unreachable(f"cannot read {path}: {error.strerror}", todo="choose another with --file") from None
    except (Unreadable, UnicodeDecodeError):
        raise BadInput(f"{path} is not YAML; it was not touched", todo="repair it, or choose another with --file") from None
    if content is not None and not isinstance(content, dict):
        raise BadInput(f"{path} is no kubeconfig; it was not touched", todo="choose another with --file")
    return content or {}


def _write(path: Path, content: dict[str, Any]) -> None:
    from ostiary.adapters.files import write_atomically

    mode = 0o600
    if path.exists():
        mode = stat.S_IMODE(path.stat().st_mode)
        _keep_comments(path)
    write_atomically(path, _text(content).encode(), mode=mode)


def _keep_comments(path: Path) -> None:
    """YAML comments do not survive: keep a copy of the file that first had some."""
    from ostiary.adapters.files import write_atomically

    copy = path.with_name(path.name + ".before-ostiary")
    text = path.read_bytes()
    if b"#" in text and not copy.exists():
        write_atomically(copy, text)
        say(f"comments do not survive in {path}: a copy of it is in {copy}")


def _text(content: dict[str, Any]) -> str:
    """YAML that is read back as the same values, by Kubernetes' own rules; with every text in quotes where plain ones would not be."""
    import yaml

    from ostiary.adapters.manifests import yaml_reader

    plain = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    return plain if yaml_reader.read(plain) == content else yaml.safe_dump(content, sort_keys=False, default_style='"')
