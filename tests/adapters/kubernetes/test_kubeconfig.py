"""Kubeconfig files, by the rules of kubectl."""

import base64
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ostiary.adapters.kubernetes.access import ExecPlugin
from ostiary.adapters.kubernetes.in_cluster import in_cluster
from ostiary.adapters.kubernetes.kubeconfig import kubeconfig_files, load
from ostiary.core.errors import BadInput

TOKEN = "t0ken-do-not-print"


def config(**more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1", "kind": "Config", "current-context": "prod",
        "clusters": [{"name": "c", "cluster": {"server": "https://1.2.3.4:6443/"}}],
        "users": [{"name": "u", "user": {"token": TOKEN}}],
        "contexts": [{"name": "prod", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}],
    } | more  # fmt: skip


def written(path: Path, value: Any) -> Path:
    path.write_bytes(value if isinstance(value, bytes) else msgspec.json.encode(value))
    return path


def user(tmp_path: Path, **fields: Any) -> Any:
    return load([written(tmp_path / "config", config(users=[{"name": "u", "user": fields}]))]).identity


def cluster(tmp_path: Path, **fields: Any) -> Any:
    entry = {"server": "https://x"} | fields
    return load([written(tmp_path / "config", config(clusters=[{"name": "c", "cluster": entry}]))])


def test_the_current_context(tmp_path: Path) -> None:
    access = load([written(tmp_path / "config", config())])
    assert (access.server, access.namespace, access.context) == ("https://1.2.3.4:6443", "shop", "prod")
    assert access.identity.token == TOKEN
    assert TOKEN not in repr(access)


def test_yaml_with_nulls_is_read(tmp_path: Path) -> None:
    text = b"current-context: a\nclusters:\n- name: c\n  cluster: {server: https://x, proxy-url: null}\nusers: null\n"
    text += b"contexts:\n- {name: a, context: {cluster: c, user: null}}\n"
    assert load([written(tmp_path / "config", text)]).server == "https://x"


def test_of_several_files_the_first_counts(tmp_path: Path) -> None:
    one = written(
        tmp_path / "one", config(**{"current-context": "", "contexts": [], "users": [{"name": "u", "user": {"token": "one"}}]})
    )
    two = written(
        tmp_path / "two", config(users=[{"name": "u", "user": {"token": "two"}}, {"name": "v", "user": {"token": "v"}}])
    )
    access = load([one, tmp_path / "missing", two])
    assert (access.identity.token, access.context) == ("one", "prod")
    assert kubeconfig_files({"KUBECONFIG": "/a::/b"}) == [Path("/a"), Path("/b")]
    assert kubeconfig_files({"HOME": "/h"}) == [Path("/h/.kube/config")]


def test_paths_are_relative_to_their_file_and_data_beats_them(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(b"from file")
    assert cluster(tmp_path, **{"certificate-authority": "ca.pem"}).certificate_authority == b"from file"
    data = base64.b64encode(b"from data").decode()
    assert (
        cluster(tmp_path, **{"certificate-authority": "ca.pem", "certificate-authority-data": data}).certificate_authority
        == b"from data"
    )
    assert user(tmp_path, tokenFile="token").token_file == str(tmp_path / "token")


def test_what_a_cluster_may_say(tmp_path: Path) -> None:
    access = cluster(
        tmp_path, **{"insecure-skip-tls-verify": True, "tls-server-name": "a.example", "proxy-url": "http://p:3128"}
    )
    assert (access.insecure, access.server_name, access.proxy) == (True, "a.example", "http://p:3128")


def test_what_a_user_may_be(tmp_path: Path) -> None:
    assert user(tmp_path, username="a", password="b").username == "a"
    who = user(tmp_path, **{"as": "x", "as-groups": ["g"], "as-user-extra": {"k": ["v"]}}).impersonate
    assert who == (("Impersonate-User", "x"), ("Impersonate-Group", "g"), ("Impersonate-Extra-k", "v"))
    plugin = user(
        tmp_path,
        exec={
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": "bin/get",
            "args": ["x"],
            "env": [{"name": "A", "value": "b"}],
        },
    )
    assert plugin.plugin == ExecPlugin(str(tmp_path / "bin/get"), ("x",), {"A": "b"}, "client.authentication.k8s.io/v1beta1")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"current-context": ""}, "names no current context"),
        ({"current-context": "nope"}, "has no context 'nope'"),
        ({"clusters": []}, "a cluster that is not there: 'c'"),
        ({"users": []}, "a user that is not there: 'u'"),
        ({"clusters": [{"name": "c", "cluster": {"server": "1.2.3.4"}}]}, "has no server address"),
        ({"clusters": 5}, "is not a kubeconfig"),
        ({"users": [{"name": "u", "user": {"auth-provider": {"name": "gcp"}}}]}, "auth-provider"),
        ({"users": [{"name": "u", "user": {"client-certificate-data": "***"}}]}, "is not base64"),
        ({"users": [{"name": "u", "user": {"client-key": "nowhere"}}]}, "cannot be read"),
        ({"users": [{"name": "u", "user": {"exec": {"command": "x", "apiVersion": "v9"}}}]}, "apiVersion 'v9' is not known"),
        (
            {
                "users": [
                    {
                        "name": "u",
                        "user": {
                            "exec": {"command": "x", "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Ask"}
                        },
                    }
                ]
            },
            "interactiveMode",
        ),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said) as caught:
        load([written(tmp_path / "config", config(**change))])
    assert caught.value.todo
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("content", [b"a: [", b"\xff", b"[]", b"5"])
def test_what_is_no_kubeconfig(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadInput):
        load([written(tmp_path / "config", content)])


def test_inside_a_pod(tmp_path: Path) -> None:
    environment = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    assert in_cluster(environment, tmp_path) is None
    for name, content in (("token", TOKEN), ("ca.crt", "pem"), ("namespace", "shop")):
        (tmp_path / name).write_text(content)
    access = in_cluster(environment, tmp_path)
    assert access is not None
    assert (access.server, access.namespace, access.identity.token_file) == (
        "https://[fd00::1]:443",
        "shop",
        str(tmp_path / "token"),
    )
    assert in_cluster({}, tmp_path) is None
