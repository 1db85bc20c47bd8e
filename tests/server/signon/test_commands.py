"""The commands, against a control plane with TLS: sign in, kubeconfig, credential, whoami, logout; as processes, so as people run them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.server.signon.served import Served, grant

from ostiary.server.authority import hold

OSTIARY = Path(sys.executable).parent / "ostiary"


class Home:
    """A person's machine: a home directory of its own, and the command."""

    def __init__(self, path: Path, served: Served) -> None:
        self.path, self.served = path, served
        path.mkdir()
        self.environment = {"HOME": str(path), "PATH": f"{OSTIARY.parent}:/usr/bin:/bin"}

    def run(self, *words: str, code: int = 0, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [OSTIARY, *words], env=self.environment | more, input=stdin, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == code, (words, done.stdout, done.stderr)
        return done

    def login(self, person: str) -> str:
        server = ("--server", self.served.origin, "--ca", str(self.served.ca))
        done = self.run("login", *server, "--person", person, "--password-stdin", stdin=self.served.passwords[person] + "\n")
        return done.stdout.strip()

    @property
    def kubeconfig(self) -> Path:
        return self.path / ".kube" / "config"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("plane"), accounts=("root", "alice", "bob")) as plane:
        plane.grants.append(grant("alice", "prod"))
        yield plane


@pytest.fixture
def home(tmp_path: Path, served: Served) -> Home:
    return Home(tmp_path / "home", served)


def test_from_nothing_to_a_token(home: Home, served: Served) -> None:
    name = home.login("alice")
    assert name == f"alice@localhost_{served.origin.rpartition(':')[2]}"
    assert "alice at https://localhost" in home.run("whoami").stdout
    said = home.run("kubeconfig", "--cluster", "prod").stdout
    assert said == "ostiary-prod\n"
    (user,) = yaml.safe_load(home.kubeconfig.read_text())["users"]
    plugin = user["user"]["exec"]
    asked = json.dumps({"apiVersion": plugin["apiVersion"], "kind": "ExecCredential", "spec": {"interactive": False}})
    done = subprocess.run(
        [plugin["command"], *plugin["args"]],
        env=home.environment | {"KUBERNETES_EXEC_INFO": asked}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    document = json.loads(done.stdout)
    assert (document["apiVersion"], document["kind"]) == ("client.authentication.k8s.io/v1", "ExecCredential")
    keys = KeySet.import_key_set(served.call(served.people.jwks(served._clock())))
    claims = jwt.decode(document["status"]["token"], keys, algorithms=["ES256"]).claims
    assert (claims["aud"], claims["sub"], claims["iss"]) == ("prod", "ostiary:alice", served.origin)
    assert claims["exp"] - claims["iat"] <= 900


def test_a_second_token_asks_nobody(home: Home, served: Served) -> None:
    home.login("alice")
    first = home.run("credential", "--cluster", "prod").stdout
    served.grants.clear()
    try:
        assert home.run("credential", "--cluster", "prod").stdout == first
    finally:
        served.grants.append(grant("alice", "prod"))


def test_without_a_grant_it_says_what_to_ask_for(home: Home) -> None:
    home.login("alice")
    said = home.run("credential", "--cluster", "dev", code=1)
    assert said.stdout == ""
    assert "alice has no live grant on dev" in said.stderr
    assert "ostiary grant request --cluster dev" in said.stderr


def test_a_cluster_that_is_not_there(home: Home) -> None:
    home.login("alice")
    assert "there is no cluster nowhere" in home.run("credential", "--cluster", "nowhere", code=2).stderr
    assert "there is no cluster nowhere" in home.run("kubeconfig", "--cluster", "nowhere", code=2).stderr
    assert not home.kubeconfig.exists()


def test_a_damaged_cache_is_no_token(home: Home) -> None:
    name = home.login("alice")
    home.run("credential", "--cluster", "prod")
    (cached,) = (home.path / ".config/ostiary/tokens").iterdir()
    assert cached.stat().st_mode & 0o777 == 0o600
    for content in ("", "{}", "[]", '{"token": "x", "ends_at": "never", "session": "s"}'):
        cached.write_text(content)
        assert (
            json.loads(home.run("credential", "--cluster", "prod", "--session", name).stdout)["status"]["token"].count(".") == 2
        )


def test_a_session_that_others_can_read_is_refused(home: Home) -> None:
    home.login("alice")
    (session,) = (home.path / ".config/ostiary/sessions").iterdir()
    session.chmod(0o644)
    assert "can be read by others" in home.run("whoami", code=1).stderr


def test_another_version_of_the_plugin_is_refused(home: Home) -> None:
    home.login("alice")
    asked = json.dumps({"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential"})
    assert "this answers" in home.run("credential", "--cluster", "prod", code=2, KUBERNETES_EXEC_INFO=asked).stderr
    assert "no ExecCredential" in home.run("credential", "--cluster", "prod", code=2, KUBERNETES_EXEC_INFO="junk").stderr


def test_logout_ends_it_there_and_here(home: Home, served: Served) -> None:
    home.login("alice")
    home.run("credential", "--cluster", "prod")
    before = {one.id for one in served.call(served.people.sessions("alice"))}
    home.run("logout")
    gone = before - {one.id for one in served.call(served.people.sessions("alice"))}
    assert len(gone) == 1
    assert gone <= set(served.call(served.people.denied(served._clock())))
    assert list((home.path / ".config/ostiary/tokens").iterdir()) == []
    assert "nobody is signed in" in home.run("whoami", code=1).stderr


def test_logout_of_a_control_plane_that_is_gone_still_forgets(home: Home, served: Served) -> None:
    home.login("alice")
    (session,) = (home.path / ".config/ostiary/sessions").iterdir()
    session.write_text(session.read_text().replace(served.origin, "https://localhost:1"))
    assert "was not told" in home.run("logout", code=3).stderr
    assert not session.exists()


def test_a_certificate_of_somebody_else_is_refused_before_the_secret_is_sent(
    home: Home, served: Served, tmp_path: Path
) -> None:
    stranger = hold(tmp_path, datetime.now(UTC)).pair.certificate
    words = ("--server", served.origin, "--ca", str(stranger), "--person", "alice", "--password-stdin")
    assert "does not show a certificate that is trusted" in home.run("login", *words, code=1).stderr


def test_a_wrong_password_is_refused_and_says_nothing_else(home: Home, served: Served) -> None:
    words = ("login", "--server", served.origin, "--ca", str(served.ca), "--password-stdin")
    known = home.run(*words, "--person", "bob", code=1, stdin="not the password\n").stderr
    unknown = home.run(*words, "--person", "nobody-here", code=1, stdin="not the password\n").stderr
    assert known == unknown
    assert "the name or the password is wrong" in known


def test_two_people_and_two_clusters_side_by_side(home: Home) -> None:
    alice, bob = home.login("alice"), home.login("bob")
    home.run("kubeconfig", "--session", alice)
    home.run("kubeconfig", "--session", bob)
    content = yaml.safe_load(home.kubeconfig.read_text())
    assert [one["name"] for one in content["contexts"]] == ["ostiary-dev", "ostiary-prod", "ostiary-dev-2", "ostiary-prod-2"]
    assert len(content["clusters"]) == 2
    assert len(content["users"]) == 4
    home.run("kubeconfig", "--session", bob)
    assert yaml.safe_load(home.kubeconfig.read_text()) == content, "a second time changes nothing"
    home.run("kubeconfig", "--session", bob, "--remove")
    left = yaml.safe_load(home.kubeconfig.read_text())
    assert [one["name"] for one in left["contexts"]] == ["ostiary-dev", "ostiary-prod"]


def test_what_is_in_a_kubeconfig_stays(home: Home) -> None:
    home.kubeconfig.parent.mkdir()
    mine = {
        "apiVersion": "v1", "kind": "Config", "current-context": "mine", "preferences": {"colors": True}, "x-unknown": ["yes", "0o17", "1e3"],
        "clusters": [{"name": "ostiary-prod", "cluster": {"server": "https://mine"}}],
        "users": [{"name": "me", "user": {"token": "12345", "as-user-extra": {"a": ["b"]}}}],
        "contexts": [{"name": "mine", "context": {"cluster": "ostiary-prod", "user": "me"}}],
    }  # fmt: skip
    home.kubeconfig.write_text("# keep me\n" + json.dumps(mine))
    home.kubeconfig.chmod(0o640)
    home.login("alice")
    done = home.run("kubeconfig", "--cluster", "prod")
    after = yaml.safe_load(home.kubeconfig.read_text())
    for kind in ("clusters", "users", "contexts"):
        assert mine[kind][0] in after[kind]  # type: ignore[index]
    assert {key: after[key] for key in ("current-context", "preferences", "x-unknown")} == {
        key: mine[key] for key in ("current-context", "preferences", "x-unknown")
    }
    assert after["clusters"][1]["name"] == "ostiary-prod-2"
    assert home.kubeconfig.stat().st_mode & 0o777 == 0o640
    assert "comments do not survive" in done.stderr
    assert home.kubeconfig.with_name("config.before-ostiary").read_text().startswith("# keep me")


@pytest.mark.parametrize("content", ["[]", "- a", "clusters: 7", "kind: Pod", "a: [", "clusters: [7]"])
def test_what_is_no_kubeconfig_is_not_touched(home: Home, content: str) -> None:
    home.kubeconfig.parent.mkdir()
    home.kubeconfig.write_text(content)
    home.login("alice")
    home.run("kubeconfig", code=2)
    assert home.kubeconfig.read_text() == content


def test_kubectls_lock_is_respected(home: Home) -> None:
    home.login("alice")
    home.kubeconfig.parent.mkdir()
    home.kubeconfig.with_name("config.lock").touch()
    assert "is being written by something else" in home.run("kubeconfig", code=1).stderr


def test_a_link_is_followed_and_stays_a_link(home: Home) -> None:
    home.kubeconfig.parent.mkdir()
    real = home.path / "real"
    real.write_text("apiVersion: v1\nkind: Config\n")
    home.kubeconfig.symlink_to(real)
    home.login("alice")
    home.run("kubeconfig")
    assert home.kubeconfig.is_symlink()
    assert "ostiary-prod" in real.read_text()


def test_accounts_are_kept_by_administrators(home: Home, served: Served) -> None:
    home.login("alice")
    assert "only administrators keep accounts" in home.run("account", "list", code=1).stderr
    root = home.login("root")
    served.passwords["carol"] = home.run("account", "add", "carol").stdout.strip()
    carol = home.login("carol")
    home.run("account", "disable", "carol", "--session", root)
    assert "unknown here, or has ended" in home.run("whoami", "--session", carol, code=1).stderr
    assert "would lock yourself out" in home.run("account", "disable", "root", "--session", root, code=1).stderr


def test_no_secret_is_in_what_is_said(home: Home, served: Served) -> None:
    home.login("alice")
    (session,) = (home.path / ".config/ostiary/sessions").iterdir()
    secret = json.loads(session.read_text())["secret"]
    for words in (("whoami",), ("whoami", "--all"), ("whoami", "--format", "json"), ("kubeconfig", "--print"), ("kubeconfig",)):
        done = home.run(*words)
        assert secret not in done.stdout + done.stderr
    assert secret not in home.kubeconfig.read_text()
    assert os.stat(session).st_mode & 0o777 == 0o600
