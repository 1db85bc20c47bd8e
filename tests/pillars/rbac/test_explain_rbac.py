"""The command: its answers, its exit codes, and that stdout is the answer alone."""

import json
from pathlib import Path

import pytest
import typer
from tests.judges.rbac.cases import CORPUS, cases
from typer.testing import CliRunner

from ostiary.cli.explain_rbac import rbac
from ostiary.core.errors import BadInput

app = typer.Typer(pretty_exceptions_enable=False)
app.command()(rbac)
NAMED = str(CORPUS / "055-names")
ACCOUNTS = str(next(CORPUS.glob("*-service-accounts-of-a-namespace")))


def run(*words: str, stdin: str = "") -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(words), input=stdin)
    if isinstance(done.exception, BadInput):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def test_allowed_is_zero_and_names_the_binding() -> None:
    code, out, err = run("--as", "ann", "get", "secrets", "db", "-n", "shop", "--source", NAMED)
    assert code == 0
    assert out.startswith("allow: RBAC: ClusterRoleBinding right-holders of ClusterRole right to User ann\n")
    assert "get, update on core:secrets named db, cache" in out
    assert 'ann of system:authenticated: get secrets "db" in namespace shop?' in err


def test_not_allowed_is_one_and_says_what_is_near_and_what_would_change_it() -> None:
    code, out, _ = run("--as", "ann", "get", "secrets", "-n", "shop", "--source", NAMED)
    assert code == 1
    assert "it holds for the names db, cache, and this request has no name" in out
    assert "kubectl create rolebinding ann-get-secrets --role=ann-get-secrets --user=ann -n shop" in out


def test_unknown_is_four_and_says_what_is_not_seen(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: x}\nsubjects: 7\n"
    )
    code, out, _ = run("--as", "ann", "get", "pods", "--source", str(tmp_path), "--format", "json")
    said = json.loads(out)
    assert code == 4
    assert said["decision"] == "unknown"
    assert "ClusterRoleBinding x" in said["doubts"][0]["what"]


def test_service_accounts_get_their_groups_unless_groups_are_given() -> None:
    web = ("--as", "system:serviceaccount:shop:web", "get", "secrets", "-n", "bank", "--source", ACCOUNTS)
    assert run(*web)[0] == 0
    assert run(*web, "--as-group", "other")[0] == 1


def test_field_selector_and_paths() -> None:
    listed = str(next(CORPUS.glob("*-names-and-list-by-field")))
    assert run("--as", "ann", "list", "secrets", "-n", "shop", "--source", listed)[0] == 1
    assert (
        run("--as", "ann", "list", "secrets", "-n", "shop", "--field-selector", "metadata.name=db", "--source", listed)[0] == 0
    )
    path = str(next(CORPUS.glob("*-path-star")))
    assert run("--as", "ann", "get", "/metrics", "--source", path)[0] == 0


def test_who_lists_everybody_with_the_scope() -> None:
    code, out, _ = run("--who", "get", "secrets", "--source", ACCOUNTS)
    assert code == 0
    assert "Group system:masters" in out
    rows = [line.split() for line in out.splitlines()]
    assert rows[2][:7] == ["Group", "system:serviceaccounts:shop", "(0", "service", "accounts)", "namespace", "bank"]
    said = json.loads(run("--who", "get", "secrets", "-n", "shop", "--source", ACCOUNTS, "--format", "json")[1])
    assert said["holders"] == []


def test_a_batch_of_the_whole_corpus_answers_line_by_line(tmp_path: Path) -> None:
    for case in cases()[::12]:
        plain = [(identity, request, answer) for identity, request, answer in case.questions if not request.fields]
        lines = [
            json.dumps(
                {
                    "user": identity.user,
                    "groups": identity.groups,
                    "verb": request.verb,
                    "apiGroup": request.api_group,
                    "resource": request.resource,
                    "subresource": request.subresource,
                    "name": request.name,
                    "namespace": request.namespace,
                    "path": request.path,
                }
            )
            for identity, request, _ in plain
        ]
        file = tmp_path / f"{case.name}.ndjson"
        file.write_text("\n".join(lines))
        code, out, _ = run("--batch", str(file), "--source", str(case.directory), "--format", "json")
        assert code == 0
        assert [json.loads(line)["decision"] for line in out.splitlines()] == [answer for _, _, answer in plain]


def test_a_batch_with_an_unknown_answer_is_four(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: x, namespace: shop}\nroleRef: 7\n"
    )
    asked = '{"user": "ann", "verb": "get", "resource": "pods", "namespace": "shop"}\n{"user": "ann", "verb": "get", "resource": "pods"}\n'
    code, out, _ = run("--batch", "-", "--source", str(tmp_path), "--format", "json", stdin=asked)
    assert code == 4
    assert [json.loads(line)["decision"] for line in out.splitlines()] == ["unknown", "no-opinion"]


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("get",),
        ("get", "pods"),
        ("--who", "--as", "ann", "get", "pods"),
        ("--batch", "x", "get", "pods"),
        ("--batch", "/no/such/file"),
        ("--as", "ann", "get", "pods", "--feature-gates", "Nonsense=true"),
        ("--as", "ann", "get", "pods", "--authorization-mode", "RBAC,Magic"),
        ("--as", "ann", "get", "pods", "--server-version", "two"),
        ("--as", "ann", "get", "pods", "--field-selector", "a!=b"),
    ],
)
def test_what_cannot_be_meant_is_an_error_that_says_what_to_do(words: tuple[str, ...]) -> None:
    with pytest.raises(BadInput) as refused:
        run(*words, "--source", NAMED)
    assert refused.value.todo


def test_other_authorizers_are_unknown() -> None:
    asked = ("--as", "ann", "get", "secrets", "db", "-n", "shop", "--source", NAMED)
    assert run(*asked, "--authorization-mode", "Node,RBAC,Webhook")[0] == 0
    assert run(*asked, "--authorization-mode", "Webhook,RBAC")[0] == 4
