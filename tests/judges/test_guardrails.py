"""Chains really walked against a real API server, each step with the credentials that the step before it gave; and refused once a guardrail's fix is made.

Every actor is a service account with a token of its own. What is found is compared with what is done: whoever is named gets a new cluster-wide binding made,
and nobody else does.
"""

import asyncio
import base64
import http.client
import json
import os
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.pillars.rbac.escalations.test_catalogue import right

from ostiary.adapters.kubernetes.client import Client
from ostiary.adapters.kubernetes.kubeconfig import load
from ostiary.adapters.kubernetes.live import read_live
from ostiary.model.rbac_intent import Allowed, Guardrail, SubjectKind
from ostiary.model.verdict import Proof, Refutation, Unknown
from ostiary.model.world import World, encode
from ostiary.pillars.rbac.policy import RbacPolicy
from ostiary.pillars.rbac.proving.prove import prove
from ostiary.sandbox import SandboxOptions, up
from ostiary.sandbox.cannot import CannotRun
from ostiary.sandbox.lifecycle import RunningCluster
from ostiary.sandbox.pytest_plugin import cannot_run
from ostiary.verifier import verify

API, RBAC = "rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io"
BINDINGS = f"/apis/{API}/clusterrolebindings"
ADMISSION = "admissionregistration.k8s.io"
CSR = "certificatesigningrequests.certificates.k8s.io"
KING = "system:serviceaccount:castle:king"
CROWN = RbacPolicy(
    guardrails=(
        Guardrail(
            name="crown", only=(Allowed(kind=SubjectKind.SERVICE_ACCOUNT, namespace="castle", name="king"),), cluster_admin=True
        ),
    )
)


class Answer(NamedTuple):
    status: int
    body: Any

    def part(self, field: str, name: str) -> str:
        """A text in an object; empty in a refusal, whose status is a word."""
        within = self.body.get(field) if self.status in (200, 201) else None
        return str(within.get(name, "")) if isinstance(within, dict) else ""


class Server:
    """The API server as somebody with a bearer token, a client certificate or impersonation headers sees it."""

    def __init__(self, cluster: RunningCluster) -> None:
        config = yaml.safe_load(cluster.kubeconfig.read_text())
        self.address = urlsplit(cluster.server)
        self.authority = base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]).decode()

    def ask(self, method: str, path: str, body: Any = None, *, token: str = "", pair: str = "", **headers: str) -> Answer:
        context = ssl.create_default_context(cadata=self.authority)
        if pair:
            context.load_cert_chain(pair)
        line = http.client.HTTPSConnection(self.address.hostname or "", self.address.port, context=context, timeout=30)
        patch = "application/merge-patch+json" if method == "PATCH" else "application/json"
        sent = {"Content-Type": patch, **({"Authorization": f"Bearer {token}"} if token else {}), **headers}
        line.request(method, path, json.dumps(body) if body is not None else None, sent)
        answer = line.getresponse()
        text = answer.read()
        line.close()
        return Answer(answer.status, json.loads(text) if text[:1] == b"{" else text)


class Actor(NamedTuple):
    """Somebody with rights, and the way that these open. ``wide`` and ``narrow``: cluster-wide, and in the castle."""

    wide: str
    narrow: str
    way: Callable[[Server, str, str, Any], Answer]


def crown_for(name: str) -> dict[str, Any]:
    """The deed that only somebody with everything can do: bind cluster-admin for the whole cluster."""
    ref = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"}
    subjects = [{"kind": "User", "apiGroup": RBAC, "name": f"friend-of-{name}"}]
    return {
        "apiVersion": API,
        "kind": "ClusterRoleBinding",
        "metadata": {"name": f"deed-{name}"},
        "roleRef": ref,
        "subjects": subjects,
    }


def asks_for_a_token(server: Server, me: str, token: str, _: Any) -> Answer:
    path = "/api/v1/namespaces/castle/serviceaccounts/king/token"
    made = server.ask("POST", path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}, token=token)
    king = made.part("status", "token")
    return server.ask("POST", BINDINGS, crown_for(me), token=king or token)


def forges_a_token_secret(server: Server, me: str, token: str, _: Any) -> Answer:
    meta = {"name": f"forged-{me}", "annotations": {"kubernetes.io/service-account.name": "king"}}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "kubernetes.io/service-account-token"}
    server.ask("POST", "/api/v1/namespaces/castle/secrets", secret, token=token)
    return with_secret(server, me, token, f"forged-{me}")


def with_secret(server: Server, me: str, token: str, name: str) -> Answer:
    read = Answer(0, {})
    for _ in range(50):
        read = server.ask("GET", f"/api/v1/namespaces/castle/secrets/{name}", token=token)
        if read.status != 200 or read.part("data", "token"):
            break
        time.sleep(0.2)
    king = base64.b64decode(read.part("data", "token")).decode()
    return server.ask("POST", BINDINGS, crown_for(me), token=king or token)


def finds_a_token_secret(server: Server, me: str, token: str, _: Any) -> Answer:
    return with_secret(server, me, token, "seal")


def impersonates_the_king(server: Server, me: str, token: str, _: Any) -> Answer:
    return server.ask("POST", BINDINGS, crown_for(me), token=token, **{"Impersonate-User": KING})


def impersonates_the_masters(server: Server, me: str, token: str, _: Any) -> Answer:
    headers = {"Impersonate-User": "x", "Impersonate-Group": "system:masters"}
    return server.ask("POST", BINDINGS, crown_for(me), token=token, **headers)


def binds(server: Server, me: str, token: str, _: Any) -> Answer:
    mine = crown_for(f"{me}-self")
    mine["subjects"] = [{"kind": "ServiceAccount", "namespace": "actors", "name": me}]
    server.ask("POST", BINDINGS, mine, token=token)
    return eventually(server, me, token)


def escalates(server: Server, me: str, token: str, _: Any) -> Answer:
    everything = {"rules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]}
    server.ask("PATCH", f"/apis/{API}/clusterroles/wide-{me}", everything, token=token)
    return eventually(server, me, token)


def eventually(server: Server, me: str, token: str) -> Answer:
    """The authorizer reads new roles a moment later."""
    answer = Answer(0, {})
    for _ in range(15):
        answer = server.ask("POST", BINDINGS, crown_for(me), token=token)
        if answer.status == 201:
            break
        time.sleep(0.2)
    return answer


def has_a_certificate_made(server: Server, me: str, token: str, directory: Any) -> Answer:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, KING)])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    pem = request.public_bytes(serialization.Encoding.PEM)
    spec = {
        "request": base64.b64encode(pem).decode(),
        "signerName": "kubernetes.io/kube-apiserver-client",
        "usages": ["client auth"],
    }
    base = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
    wanted = {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": me},
        "spec": spec,
    }
    made = server.ask("POST", base, wanted, token=token)
    if made.status != 201:
        return made
    yes = {"type": "Approved", "status": "True", "reason": "me", "message": "me"}
    approved = server.ask("PUT", f"{base}/{me}/approval", {**made.body, "status": {"conditions": [yes]}}, token=token)
    if approved.status != 200:
        return approved
    found = ""
    for _ in range(50):
        found = server.ask("GET", f"{base}/{me}", token=token).part("status", "certificate")
        if found:
            break
        time.sleep(0.2)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pair = directory / f"{me}.pem"
    pair.write_bytes(base64.b64decode(found) + private)
    return server.ask("POST", BINDINGS, crown_for(me), pair=str(pair))


def weaves_itself_in(server: Server, me: str, token: str, administrator: Any) -> Answer:
    """A policy that puts one more subject into every new ClusterRoleBinding; then an administrator, suspecting nothing, makes one for somebody else."""
    base, group = "/apis/admissionregistration.k8s.io/v1", "admissionregistration.k8s.io/v1"
    value = f'{{"kind": "ServiceAccount", "namespace": "actors", "name": "{me}"}}'
    woven = f'[JSONPatch{{op: "add", path: "/subjects/-", value: {value}}}]'
    rule = {"apiGroups": [RBAC], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["clusterrolebindings"]}
    spec = {
        "matchConstraints": {"resourceRules": [rule]},
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": woven}}],
    }
    policy = {"apiVersion": group, "kind": "MutatingAdmissionPolicy", "metadata": {"name": me}, "spec": spec}
    binding = {
        "apiVersion": group,
        "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": me},
        "spec": {"policyName": me},
    }
    server.ask("POST", f"{base}/mutatingadmissionpolicies", policy, token=token)
    server.ask("POST", f"{base}/mutatingadmissionpolicybindings", binding, token=token)
    answer = Answer(0, {})
    for attempt in range(10):
        administrator(crown_for(f"{me}-{attempt}"))
        answer = server.ask("POST", BINDINGS, crown_for(me), token=token)
        if answer.status == 201:
            break
        time.sleep(0.5)
    return answer


ACTORS = {
    "token": Actor("", "create serviceaccounts/token =king", asks_for_a_token),
    "forger": Actor("", "create,get secrets", forges_a_token_secret),
    "finder": Actor("", "get secrets =seal", finds_a_token_secret),
    "mimic": Actor("", "impersonate serviceaccounts =king", impersonates_the_king),
    "masters": Actor("impersonate groups =system:masters; impersonate users =x", "", impersonates_the_masters),
    "binder": Actor(f"bind clusterroles.{RBAC} =cluster-admin; create clusterrolebindings.{RBAC}", "", binds),
    "escalator": Actor(f"escalate,patch clusterroles.{RBAC} =wide-escalator", "", escalates),
    "signer": Actor(
        f"create,get {CSR}; update {CSR}/approval; approve signers.certificates.k8s.io =kubernetes.io/kube-apiserver-client",
        "",
        has_a_certificate_made,
    ),
    "weaver": Actor(
        f"create mutatingadmissionpolicies.{ADMISSION}; create mutatingadmissionpolicybindings.{ADMISSION}",
        "",
        weaves_itself_in,
    ),
    # who only looks like it
    "servant": Actor("", "create serviceaccounts/token =servant", asks_for_a_token),
    "writer": Actor(f"create clusterrolebindings.{RBAC}; update,patch clusterroles.{RBAC}", "", binds),
    "storer": Actor("", "create secrets", forges_a_token_secret),
    "reader": Actor("", "get secrets =other", finds_a_token_secret),
    "apprentice": Actor(f"create mutatingadmissionpolicies.{ADMISSION}", "", weaves_itself_in),
    "clerk": Actor(f"update,get {CSR}/approval; create,get {CSR}", "", has_a_certificate_made),
}
GUILTY = ("token", "forger", "finder", "mimic", "masters", "binder", "escalator", "signer", "weaver")


def objects() -> Iterator[dict[str, Any]]:
    """The castle, its king with everything, a secret with his token, and the actors with their rights."""
    for name in ("castle", "actors"):
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    for name in ("king", "servant"):
        yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": "castle"}}
    meta = {"name": "seal", "namespace": "castle", "annotations": {"kubernetes.io/service-account.name": "king"}}
    yield {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "kubernetes.io/service-account-token"}
    yield from _granted("king", "", ("castle", "king"), "cluster-admin")
    for name, actor in ACTORS.items():
        yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": "actors"}}
        for kind, where, words in (("wide", "", actor.wide), ("narrow", "castle", actor.narrow)):
            rules = [json.loads(encode(right(one.strip()))) for one in words.split(";") if one.strip()]
            if rules:
                yield {"apiVersion": API, "kind": "ClusterRole", "metadata": {"name": f"{kind}-{name}"}, "rules": rules}
                yield from _granted(name, where, ("actors", name), f"{kind}-{name}")


def _granted(name: str, where: str, account: tuple[str, str], role: str) -> Iterator[dict[str, Any]]:
    subject = {"kind": "ServiceAccount", "namespace": account[0], "name": account[1]}
    kind = "RoleBinding" if where else "ClusterRoleBinding"
    meta = {"name": f"holds-{name}", **({"namespace": where} if where else {})}
    ref = {"apiGroup": RBAC, "kind": "ClusterRole", "name": role}
    yield {"apiVersion": API, "kind": kind, "metadata": meta, "subjects": [subject], "roleRef": ref}


async def seen(cluster: RunningCluster) -> World:
    async with Client(load([cluster.kubeconfig])) as client:
        return World.of(await read_live(client, bytes(32)), today=date(2026, 11, 24))


@pytest.fixture
def untouched() -> Iterator[RunningCluster]:
    """A cluster of its own: bindings that other judges leave in the shared one are chains too."""
    try:
        cluster = up(SandboxOptions(name=f"guardrails-{os.getpid()}", owner_pid=os.getpid()))
    except CannotRun as error:
        cannot_run(error.happened)
    yield cluster
    cluster.down()


def administrators(cluster: RunningCluster, directory: Any) -> str:
    """The administrator's certificate and key, in one file."""
    user = yaml.safe_load(cluster.kubeconfig.read_text())["users"][0]["user"]
    pair = directory / "administrator.pem"
    pair.write_bytes(b"".join(base64.b64decode(user[field]) for field in ("client-certificate-data", "client-key-data")))
    return str(pair)


def tokens(server: Server, pair: str) -> dict[str, str]:
    """A token of each actor's own."""
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    base = "/api/v1/namespaces/actors/serviceaccounts"
    return {name: server.ask("POST", f"{base}/{name}/token", asked, pair=pair).part("status", "token") for name in ACTORS}


def walk(cluster: RunningCluster, held: dict[str, str], directory: Any) -> dict[str, int]:
    """What comes of everybody's attempt. The administrator that the weaver waits for has a certificate."""
    server = Server(cluster)

    pair = administrators(cluster, directory)

    def administrator(binding: dict[str, Any]) -> None:
        assert server.ask("POST", BINDINGS, binding, pair=pair).status == 201

    return {
        name: actor.way(server, name, held[name], administrator if actor.way is weaves_itself_in else directory).status
        for name, actor in ACTORS.items()
    }


@pytest.mark.judge("guardrails")
async def test_chains_that_are_found_can_be_walked_and_no_others(untouched: RunningCluster, tmp_path: Any) -> None:
    cluster, server = untouched, Server(untouched)
    cluster.run("kubectl", "apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects())}))
    bare = prove(await seen(cluster), RbacPolicy())
    assert isinstance(bare, Proof)

    found = prove(await seen(cluster), CROWN)
    assert isinstance(found, Refutation)
    assert {one.subject.name for one in found.witnesses} == set(GUILTY), [one.reason for one in found.witnesses]

    held = tokens(server, administrators(cluster, tmp_path))
    before = {name: server.ask("POST", BINDINGS, crown_for(f"early-{name}"), token=held[name]).status for name in ACTORS}
    assert {name for name, status in before.items() if status != 403} == {"binder"}, before  # whose first step is the last
    walked = walk(cluster, held, tmp_path)
    assert {name for name, status in walked.items() if status == 201} == set(GUILTY), walked

    undo_deeds(cluster)
    take_away(cluster, *GUILTY)
    together = prove(await seen(cluster), CROWN)  # storer could make a token secret of the one name that reader reads
    assert isinstance(together, Unknown), together
    assert "makes a token secret" in together.missing[0].todo
    take_away(cluster, "storer")
    after = await seen(cluster)
    proof = prove(after, CROWN)
    assert isinstance(proof, Proof), proof
    assert verify(encode(proof.certificate), world=after.digest).claim == proof.claim
    await asyncio.sleep(1)  # the authorizer reads deletions a moment later
    again = walk(cluster, held, tmp_path)
    assert 201 not in again.values(), again


def take_away(cluster: RunningCluster, *names: str) -> None:
    """The fix: the bindings that give the rights."""
    held = [f"holds-{name}" for name in names]
    cluster.run("kubectl", "delete", "clusterrolebinding", *held, "--ignore-not-found")
    cluster.run("kubectl", "delete", "rolebinding", *held, "-n", "castle", "--ignore-not-found")


def undo_deeds(cluster: RunningCluster) -> None:
    """Take away what the chains made: new bindings, the forged secret, requests, the rewritten role."""
    made = cluster.run("kubectl", "get", "clusterrolebindings", "-o", "name").stdout.split()
    deeds = [one for one in made if "/deed-" in one]
    cluster.run("kubectl", "delete", *deeds)
    cluster.run("kubectl", "delete", "csr", "--all")
    cluster.run("kubectl", "delete", "mutatingadmissionpolicies,mutatingadmissionpolicybindings", "--all")
    cluster.run("kubectl", "delete", "secret", "-n", "castle", "forged-forger", "forged-storer", "--ignore-not-found")
    cluster.run("kubectl", "delete", "clusterrole", "wide-escalator")
