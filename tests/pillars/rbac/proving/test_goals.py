"""A guardrail that would keep nothing is an error; and the words of the intent file mean what they say."""

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from tests.pillars.rbac.proving.generated import world

from ostiary.adapters.intent_file import parse
from ostiary.core.errors import BadInput
from ostiary.model.rbac_intent import About, Allowed, Guardrail, SubjectKind
from ostiary.pillars.rbac.policy import RbacPolicy
from ostiary.pillars.rbac.proving.claim import NOTHING, sentence
from ostiary.pillars.rbac.proving.goals import checked
from ostiary.pillars.rbac.proving.own import is_own
from ostiary.pillars.rbac.proving.prove import prove
from ostiary.pillars.rbac.subject import SubjectKey

WORLD = world(Random(1))
SECRETS = Guardrail(name="s", verbs=("get",), resources=("secrets",), namespaces=("shop",))


@pytest.mark.parametrize(
    ("rail", "why"),
    [
        (Guardrail(name="x"), "keeps nothing"),
        (Guardrail(name="x", verbs=("get",), namespaces=("shop",)), "keeps nothing"),
        (Guardrail(name="x", verbs=("get",), resources=("secrets",)), "say where"),
        (Guardrail(name="x", verbs=("get",), resources=("secrets",), namespaces=("shop",), everywhere=True), "say where"),
        (Guardrail(name="x", verbs=("*",), resources=("secrets",), namespaces=("shop",)), "star"),
        (Guardrail(name="x", verbs=("get",), resources=("*.apps",), namespaces=("shop",)), "star"),
        (Guardrail(name="x", verbs=("get",), resources=("secret",), namespaces=("shop",)), "nothing here knows"),
        (Guardrail(name="x", verbs=("get",), resources=("secrets",), cluster_admin=True), "stands alone"),
        (
            Guardrail(name="x", only=(Allowed(kind=SubjectKind.SERVICE_ACCOUNT, name="a"),), cluster_admin=True),
            "has no namespace",
        ),
        (
            Guardrail(name="x", only=(Allowed(kind=SubjectKind.USER, name="a", namespace="b"),), cluster_admin=True),
            "has a namespace",
        ),
    ],
)
def test_a_guardrail_that_means_nothing_is_refused(rail: Guardrail, why: str) -> None:
    with pytest.raises(BadInput, match=why) as caught:
        prove(WORLD, RbacPolicy(guardrails=(rail,)))
    assert caught.value.todo


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(BadInput, match="two guardrails are called s"):
        checked((SECRETS, SECRETS), WORLD.cluster)


def test_resources_are_written_out() -> None:
    rail = Guardrail(name="d", verbs=("update",), resources=("deployments/scale", "pods/exec", "nodes"), namespaces=("shop",))
    assert checked((rail,), WORLD.cluster)[0].resources == ("deployments.apps/scale", "pods/exec", "nodes")
    assert checked(checked((rail,), WORLD.cluster), WORLD.cluster) == checked((rail,), WORLD.cluster)


def test_the_claim_says_who_what_where_and_how() -> None:
    only = (
        Allowed(kind=SubjectKind.GROUP, name="sre"),
        Allowed(kind=SubjectKind.SERVICE_ACCOUNT, namespace="ci", name="runner"),
    )
    rail = Guardrail(
        name="d", only=only, verbs=("get", "list"), resources=("secrets",), names=("db",), everywhere=True, directly=True
    )
    assert (
        sentence(rail)
        == "Nobody but Group sre, ServiceAccount ci/runner can get, list secrets named db anywhere, directly, by what bindings give."
    )
    nodes = Guardrail(name="n", about=About.SERVICE_ACCOUNTS, verbs=("patch",), resources=("nodes",))
    assert sentence(nodes).startswith("No service account can patch nodes cluster-wide,")


def test_nothing_said_is_nothing_claimed() -> None:
    proof = prove(WORLD, RbacPolicy())
    assert proof.claim == NOTHING


def test_names_of_kubernetes_are_a_closed_list() -> None:
    """Neither a label nor a name that resembles one makes anybody Kubernetes' own."""
    for kind, name in (
        ("User", "kube-scheduler"),
        ("User", "system:admin"),
        ("Group", "system:master"),
        ("Group", "system:monitoring"),
    ):
        assert not is_own(SubjectKey(kind, name)), name
    for name in ("kube-system:tiller", "default:job-controller", "kube-system:job-controller2"):
        assert not is_own(SubjectKey("User", f"system:serviceaccount:{name}")), name
    for name in ("system:kube-scheduler", "system:node:n1", "system:serviceaccount:kube-system:job-controller"):
        assert is_own(SubjectKey("User", name)), name


FILE = """
apiVersion: ostiary.dev/v1
kind: Intent
rbac:
  assume: [operators]
  guardrails:
    - name: payments
      only: [{kind: Group, name: sre}]
      verbs: [get]
      resources: [secrets]
      namespaces: [payments]
    - name: pods
      about: service-accounts
      verbs: [create]
      resources: [pods]
      namespaces: [kube-system]
    - {name: admin, clusterAdmin: true}
"""


def test_the_intent_file_says_it() -> None:
    found = parse(FILE, "ostiary.yaml").rbac.guardrails
    assert [one.name for one in found] == ["payments", "pods", "admin"]
    assert found[1].about is About.SERVICE_ACCOUNTS
    assert found[2].cluster_admin
    with pytest.raises(BadInput, match="did you mean `guardrails`"):
        parse(FILE.replace("guardrails", "guardrail"), "ostiary.yaml")
    with pytest.raises(BadInput, match="service-accounts"):
        parse(FILE.replace("service-accounts", "service-account"), "ostiary.yaml")


OSTIARY = Path(sys.executable).with_name("ostiary")
SHOP = str(Path(__file__).resolve().parents[4] / "examples" / "01-shop" / "manifests")


def run(*arguments: str) -> tuple[int, str, str]:
    done = subprocess.run([OSTIARY, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_from_the_command_line_to_the_verifier_and_back(tmp_path: Path) -> None:
    (tmp_path / "ostiary.yaml").write_text(FILE)
    intent = ("--intent", str(tmp_path / "ostiary.yaml"))
    code, said, _ = run("prove", "rbac", SHOP, *intent)
    assert code == 1
    assert "ServiceAccount ci/runner: breaks payments: gets there in 4 steps:" in said
    only = "only: [{kind: ServiceAccount, namespace: backup-operator, name: backup-operator}], "
    kept = FILE.replace("assume: [operators]", "assume: [pods-stay-inside]").replace("{name: admin, ", "{name: admin, " + only)
    (tmp_path / "ostiary.yaml").write_text(
        kept[: kept.index("    - name: payments")] + kept[kept.index("    - {name: admin") :]
    )
    code, said, talk = run("prove", "rbac", SHOP, *intent, "--certificate", str(tmp_path / "c.json"))
    assert (code, "assuming: no pod takes over its node" in said) == (0, True), talk
    assert run("verify", str(tmp_path / "c.json"), "--source", SHOP, *intent)[0] == 0
    code, said, _ = run("verify", str(tmp_path / "c.json"), "--source", SHOP)
    assert (code, "nothing that its claim rests on is new here" in said) == (1, True)
    assert run("enforce", "rbac", SHOP, *intent)[0] == 0


def test_chains_can_be_asked_for_without_a_guardrail() -> None:
    code, said, _ = run("explain", "rbac", "--chain", "get", "secrets", "-n", "payments", "--source", SHOP)
    assert (code, "ServiceAccount ci/runner gets there in" in said) == (0, True)
    code, said, _ = run("explain", "rbac", "--chain", "cluster-admin", "--source", SHOP, "--format", "json")
    assert (code, '"chains"' in said) == (0, True)
    assert run("explain", "rbac", "--chain", "get", "--source", SHOP)[0] == 2
    assert run("explain", "rbac", "--chain", "--who", "get", "pods", "--source", SHOP)[0] == 2
