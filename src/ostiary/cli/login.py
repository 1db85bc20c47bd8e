"""``ostiary login``: a session at a control plane, by a browser, by a code for another device, or by a password.

ostiary login                                  at the control plane of this machine, or of the session before
ostiary login --server https://access.example.com --ca ca.crt
ostiary login --device                         where no browser is: shows a code to type elsewhere
ostiary login --person alice                   the built-in sign-on: asks for the password
"""

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ostiary.cli.output import answer, say
from ostiary.core.errors import BadInput, Refused, Unreachable

if TYPE_CHECKING:
    from ostiary.cli.control_plane import ControlPlane

_SECONDS = 540.0  # a sign-in lives for ten minutes at the control plane
Server = Annotated[str | None, typer.Option("--server", metavar="URL", help="The control plane: https://HOST:PORT.")]
Authority = Annotated[Path | None, typer.Option("--ca", metavar="FILE", help="The authority of its certificate, as PEM.")]
Provider = Annotated[str | None, typer.Option("--provider", help="The sign-on provider, where there are several.")]
Device = Annotated[bool, typer.Option("--device", help="Show a code to type on another device, in place of opening a browser.")]
Browser = Annotated[bool, typer.Option("--browser/--no-browser", help="Open the browser; or only print the address to open.")]
Person = Annotated[str | None, typer.Option("--person", help="The name at the built-in sign-on.")]
Password = Annotated[bool, typer.Option("--password", help="The built-in sign-on, by a password at the terminal.")]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="The same, the password being the first line of stdin.")]


def login(
    server: Server = None,
    ca: Authority = None,
    provider: Provider = None,
    device: Device = False,
    browser: Browser = True,
    person: Person = None,
    password: Password = False,
    password_stdin: PasswordStdin = False,
) -> None:
    """Sign in to a control plane, and keep the session for later commands and kubectl."""
    plane = plane_at(server, ca)
    chosen, builtin = _provider(plane, provider, builtin=bool(person or password or password_stdin))
    if builtin and (person or password or password_stdin):
        made = _by_password(plane, person, password_stdin)
    elif device:
        made = _by_device(plane, chosen)
    else:
        made = _by_browser(plane, chosen, browser)
    _keep(plane, made)


def plane_at(server: str | None, ca: Path | None) -> "ControlPlane":
    """The control plane that is meant, before anybody has signed in: the one named, that of the session before, or that of this machine."""
    from ostiary.cli.control_plane import anonymous

    if server:
        return anonymous(server, _pem(ca) if ca else "")
    from ostiary.cli.session_files import choose

    try:
        file = choose().file
        return anonymous(file.server, _pem(ca) if ca else file.certificate_authority)
    except Refused:
        return _of_this_machine(ca)


def _of_this_machine(ca: Path | None) -> "ControlPlane":
    """The control plane that ``ostiary up`` runs here for this person."""
    from ostiary.cli.control_plane import anonymous
    from ostiary.cli.local_plane import local_plane

    here = local_plane()
    if here is None:
        raise BadInput("no control plane is known here", todo="say which: ostiary login --server https://HOST:PORT --ca FILE")
    return anonymous(here.server, _pem(ca or here.authority))


def _pem(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except (OSError, UnicodeDecodeError):
        raise BadInput(
            f"cannot read certificates from {path}", todo="give the PEM file of the control plane's authority"
        ) from None


def _provider(plane: "ControlPlane", wanted: str | None, *, builtin: bool) -> tuple[str, bool]:
    """The name of the way in, and whether it is the built-in one."""
    known: dict[str, bool] = {one["name"]: one["builtin"] for one in plane.get("/v1/login/methods")["providers"]}
    if wanted and wanted not in known:
        raise BadInput(
            f"there is no sign-on provider {wanted!r} at {plane.server}", todo=f"one of: {', '.join(known) or 'none'}"
        )
    fitting = [name for name in known if name == wanted or (not wanted and (known[name] or not builtin))]
    if not fitting:
        raise Refused(f"{plane.server} lets nobody in that way", todo=f"it knows: {', '.join(known) or 'no way at all yet'}")
    if len(fitting) > 1 and sum(not known[name] for name in fitting) > 1:
        raise BadInput("there are several sign-on providers", todo=f"choose: --provider {' | '.join(fitting)}")
    return fitting[0], known[fitting[0]]


def _by_password(plane: "ControlPlane", person: str | None, stdin: bool) -> Any:
    import getpass

    if not stdin and not sys.stdin.isatty():
        raise BadInput("there is no terminal to ask for the password at", todo="give it with --password-stdin")
    name = person or (getpass.getuser() if stdin else input(f"Name [{getpass.getuser()}]: ").strip() or getpass.getuser())
    word = sys.stdin.readline().rstrip("\n") if stdin else getpass.getpass(f"Password of {name} at {plane.server}: ")
    return plane.post("/v1/login/password", {"person": name, "password": word})


def _by_device(plane: "ControlPlane", provider: str) -> Any:
    started = plane.post("/v1/login/device", {"provider": provider})
    say(f"open {started['verification_uri']} on any device and type the code\n\n    {started['user_code']}\n")
    if started["verification_uri_complete"]:
        say(f"or open {started['verification_uri_complete']}")
    deadline = time.monotonic() + _SECONDS
    interval: float = started["interval"]
    while time.monotonic() < deadline:
        time.sleep(interval)
        said = plane.post("/v1/login/device/poll", {"secret": started["secret"]})
        if said["made"]:
            return said["made"]
        interval = said["interval"]
    raise Unreachable("nobody typed the code in time", todo="start again: ostiary login --device")


def _by_browser(plane: "ControlPlane", provider: str, browser: bool) -> Any:
    import webbrowser

    from ostiary.cli.loopback import Loopback

    with Loopback() as port:
        started = plane.post("/v1/login/browser", {"provider": provider, "redirect_uri": port.uri})
        opened = browser and _can_open() and webbrowser.open(started["url"])
        say(f"{'a browser was opened' if opened else 'open this in a browser on this machine'}:\n\n    {started['url']}\n")
        if not opened:
            say("without a browser on this machine: ostiary login --device, or --password with the built-in sign-on")
        back = port.wait(started["state"], _SECONDS)
    finish = {"secret": started["secret"], "code": back.code, "state": started["state"]}
    return plane.post("/v1/login/browser/finish", finish | ({"issuer": back.issuer} if back.issuer else {}))


def _can_open() -> bool:
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _keep(plane: "ControlPlane", made: Any) -> None:
    from ostiary.cli.session_files import SessionFile, save

    name = save(
        SessionFile(
            server=plane.server,
            certificate_authority=plane.certificate_authority,
            person=made["person"],
            session=made["session"],
            secret=made["secret"],
            ends_at=made["ends_at"],
        )
    )
    answer(name)
    say(f"signed in as {made['person']} until {made['ends_at']}")
    say(
        "kubectl: ostiary kubeconfig; a right: ostiary grant request --cluster NAME --role view -n NAMESPACE --for 1h --reason ..."
    )
