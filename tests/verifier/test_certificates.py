"""A certificate holds as it was made, and in no other way:

No bit changed, no other World, no forgery however its digests are made up.
"""

import copy
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pillars.pods.worlds import ORDINARY, PRIVILEGED, TAME, deployed, namespace, pod, world
from tests.pillars.strategies import bulk, typed

from ostiary.model.admission import Webhook, WebhookConfiguration
from ostiary.model.blind import Blind, Reason
from ostiary.model.levels import Level
from ostiary.model.meta import Meta
from ostiary.model.verdict import Proof
from ostiary.model.world import World, encode
from ostiary.pillars import pods
from ostiary.pillars.pods import LevelVersion, PodPolicy
from ostiary.verifier import Broken, Unreadable, verify
from ostiary.verifier.reading import canonical, sha256


def certificate(made: World) -> bytes:
    proof = pods.prove(made, pods.learn(made))
    assert isinstance(proof, Proof)
    return encode(proof.certificate)


def small() -> World:
    return world(
        server="",
        namespaces=[namespace("shop"), namespace("other")],
        pods=[pod("a", TAME), pod("debug", PRIVILEGED, phase="Failed"), pod("x", PRIVILEGED, ns="other")],
    )


def test_it_holds_as_it_was_made() -> None:
    made = small()
    holds = verify(certificate(made), world=made.digest)
    assert holds.world == made.digest
    assert "shop restricted:v1.37" in holds.claim
    assert holds.assumptions


def test_every_bit_counts() -> None:
    data = certificate(small())
    for position in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[position] ^= 1 << bit
            with pytest.raises((Broken, Unreadable)):
                verify(bytes(changed))


@given(st.data())
def test_any_bit_of_a_larger_one_counts(data: st.DataObject) -> None:
    original = _LARGE
    position = data.draw(st.integers(0, len(original) * 8 - 1))
    changed = bytearray(original)
    changed[position // 8] ^= 1 << position % 8
    with pytest.raises((Broken, Unreadable)):
        verify(bytes(changed))


def _large() -> bytes:
    found = []
    for i, one in enumerate(bulk(60, seed=3)):
        one["metadata"]["namespace"] = f"ns{i % 4}"
        found.append(typed(one))
    return certificate(world(server="", namespaces=[namespace(f"ns{i}") for i in range(6)], pods=found))


_LARGE = _large()


def test_a_larger_one_holds() -> None:
    assert verify(_LARGE).claim.count("v1.37") >= 2


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"\xff", b"null", b'{"format":"x"}', b'{"format":"ostiary.dev/certificate/v2"}']
)
def test_what_is_no_certificate_is_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable):
        verify(data)


@given(st.integers(0, 10_000))
def test_cut_anywhere_it_does_not_hold(at: int) -> None:
    data = certificate(_SMALL)
    with pytest.raises((Broken, Unreadable)):
        verify(data[: at % len(data)])


_SMALL = small()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(
    st.binary()
    | JSON.map(canonical)
    | JSON.map(lambda value: canonical({"format": "ostiary.dev/certificate/v1", "policy": value}))
)
def test_no_bytes_make_it_crash(data: bytes) -> None:
    with pytest.raises((Broken, Unreadable)):
        verify(data)


@given(JSON, st.sampled_from(["annotations", "spec"]))
def test_no_posture_makes_it_crash(nonsense: Any, part: str) -> None:
    """A posture of any shape, its digests made up: it may hold only when there is nothing in it that a level looks at."""
    value: dict[str, Any] = json.loads(certificate(_SMALL))
    text = canonical({"annotations": {}, "spec": {}, part: nonsense}).decode()
    value["texts"].append(text)
    value["leaves"]["pods"][1][4] = sha256(text.encode())
    value["premises"] = ["blind-none", f"posture shop {sha256(text.encode())}"]
    try:
        verify(resealed(value))
    except Broken:
        return
    assert isinstance(nonsense, dict | list | str)


@pytest.mark.parametrize("data", [b"[" * 200_000, b"1" * 5_000, b'"\\ud800"', b'{"format":"\\ud800"}'])
def test_json_that_parsers_stumble_over_is_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable):
        verify(data)


def test_a_line_end_is_allowed_and_nothing_else() -> None:
    data = certificate(small())
    verify(data + b"\n")
    for more in (b" ", b"\n\n", b"\r\n", b"\x00"):
        with pytest.raises((Broken, Unreadable)):
            verify(data + more)
    with pytest.raises(Broken, match="canonical"):
        verify(json.dumps(json.loads(data), indent=1).encode())


def test_for_another_world_it_does_not_hold() -> None:
    with pytest.raises(Broken, match="it is for the World"):
        verify(certificate(small()), world=deployed(TAME).digest)


def resealed(value: dict[str, Any]) -> bytes:
    """A forger's work: every digest computed anew, from the leaves up."""
    for section, leaves in value["leaves"].items():
        value["sections"][section] = sha256(canonical(sorted(leaves)))
    value["world"]["cluster"] = sha256(canonical(value["sections"]))
    value["world"]["digest"] = sha256(canonical({key: one for key, one in value["world"].items() if key != "digest"}))
    value["digest"] = sha256(canonical({key: one for key, one in value.items() if key != "digest"}))
    return canonical(value)


def forged(made: World) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(certificate(made))
    return copy.deepcopy(value)


def test_resealing_alone_changes_nothing() -> None:
    made = small()
    assert resealed(forged(made)) == certificate(made)


def reclaimed(value: dict[str, Any]) -> None:
    levels = ", ".join(f"{name} {one['level']}:{one['version']}" for name, one in sorted(value["policy"].items()))
    value["claim"] = (
        f"Every pod that runs, and every pod that a template would make, is admitted by the level of its namespace: {levels}."
    )


def test_forgery_level_raised() -> None:
    value = forged(deployed(ORDINARY))
    value["policy"]["shop"]["level"] = "restricted"
    reclaimed(value)
    with pytest.raises(Broken, match=r"restricted:v1\.37 does not admit it"):
        verify(resealed(value))


def test_forgery_claim_says_more_than_the_policy() -> None:
    value = forged(deployed(ORDINARY))
    value["claim"] = value["claim"].replace("baseline", "restricted")
    with pytest.raises(Broken, match="claim"):
        verify(resealed(value))


def test_forgery_posture_dropped() -> None:
    value = forged(deployed(TAME))
    value["texts"] = [text for text in value["texts"] if "containers" not in text]
    with pytest.raises(Broken, match="posture is not shown"):
        verify(resealed(value))


def test_forgery_posture_swapped_for_a_tamer_one() -> None:
    """A pod that the level refuses, shown as the posture of another:

    The leaf then has another digest, and the World is another.
    """
    made = world(namespaces=[namespace("shop")], pods=[pod("bad", PRIVILEGED), pod("good", TAME)])
    value = forged(world(namespaces=[namespace("shop")], pods=[pod("bad", TAME), pod("good", TAME)]))
    with pytest.raises(Broken, match="it is for the World"):
        verify(resealed(value), world=made.digest)


def test_forgery_bad_pod_hidden_as_finished() -> None:
    made = world(namespaces=[namespace("shop")], pods=[pod("bad", PRIVILEGED, phase="Running"), pod("good", TAME)])
    value = forged(world(namespaces=[namespace("shop")], pods=[pod("bad", PRIVILEGED, phase="Failed"), pod("good", TAME)]))
    rest = next(leaf for leaf in made.leaves["pods"] if leaf[2] == "bad")
    value["leaves"]["pods"] = [list(rest) if leaf[2] == "bad" else leaf for leaf in value["leaves"]["pods"]]
    with pytest.raises(Broken):
        verify(resealed(value), world=made.digest)


@pytest.mark.parametrize("section", ["pods", "deployments", "replica_sets"])
def test_forgery_leaf_dropped(section: str) -> None:
    made = deployed(TAME)
    value = forged(made)
    value["leaves"][section] = []
    with pytest.raises(Broken, match="it is for the World"):
        verify(resealed(value), world=made.digest)


def test_forgery_leaf_dropped_but_its_digest_kept() -> None:
    value = forged(deployed(TAME))
    kept = dict(value["sections"])
    value["leaves"]["pods"] = []
    value["sections"] = kept
    value["digest"] = sha256(canonical({key: one for key, one in value.items() if key != "digest"}))
    with pytest.raises(Broken, match="leaves of pods"):
        verify(canonical(value))


@pytest.mark.parametrize(
    ("where", "key", "said"), [("sections", "secrets", "cluster's digest"), ("world", "evidence", "world's digest")]
)
def test_forgery_of_a_part_that_is_not_shown(where: str, key: str, said: str) -> None:
    value = forged(deployed(TAME))
    value[where][key] = "0" * 64
    value["digest"] = sha256(canonical({key: one for key, one in value.items() if key != "digest"}))
    with pytest.raises(Broken, match=said):
        verify(canonical(value))


def test_forgery_section_not_shown() -> None:
    value = forged(deployed(TAME))
    del value["leaves"]["pods"]
    with pytest.raises(Broken, match="sections are shown"):
        verify(resealed(value))


def test_forgery_blind_hidden_or_taken_for_harmless() -> None:
    blind = Blind(kind="Pod", namespace="other", reason=Reason.FORBIDDEN)
    made = world(blind=(blind,), namespaces=[namespace("shop"), namespace("other")], pods=[pod("a", TAME)])
    proof = pods.prove(made, PodPolicy(levels={"shop": LevelVersion(Level.RESTRICTED, "v1.37")}))
    assert isinstance(proof, Proof)
    value = copy.deepcopy(dict(proof.certificate))
    verify(resealed(copy.deepcopy(value)))
    hidden = copy.deepcopy(value)
    hidden["leaves"]["blind"] = []
    with pytest.raises(Broken, match="it is for the World"):
        verify(resealed(hidden), world=made.digest)
    value["leaves"]["blind"][0][1] = "shop"
    with pytest.raises(Broken, match="not seen"):
        verify(resealed(value))


def test_forgery_namespace_renamed() -> None:
    value = forged(deployed(TAME))
    value["policy"]["prod"] = value["policy"].pop("shop")
    reclaimed(value)
    with pytest.raises(Broken, match="no such namespace"):
        verify(resealed(copy.deepcopy(value)))
    value["leaves"]["namespaces"][0][2] = "prod"
    with pytest.raises(Broken, match="another name"):
        verify(resealed(value))


def test_forgery_premise_dropped_or_added() -> None:
    for facts in (["blind-none"], ["blind-none", "posture shop " + "0" * 64]):
        value = forged(deployed(TAME))
        value["premises"] = facts
        with pytest.raises(Broken, match="premises"):
            verify(resealed(value))


def test_forgery_kind_passed_off_as_another() -> None:
    value = forged(deployed(TAME))
    value["leaves"]["namespaces"] += value["leaves"].pop("deployments")
    value["leaves"]["deployments"] = []
    with pytest.raises(Broken, match="no Namespace"):
        verify(resealed(value))


@pytest.mark.parametrize("version", ["v1.38", "v1.370", "latest", "v2.0", "v1.037", ""])
def test_a_version_that_is_not_known_is_refused_loudly(version: str) -> None:
    value = forged(deployed(TAME))
    value["policy"]["shop"]["version"] = version
    reclaimed(value)
    with pytest.raises(Broken, match="not a level that is known"):
        verify(resealed(value))


def test_a_version_that_the_server_does_not_know_is_refused() -> None:
    value = forged(world(server="v1.30.1", namespaces=[namespace("shop")], pods=[pod("a", TAME)]))
    value["policy"]["shop"]["version"] = "v1.31"
    reclaimed(value)
    with pytest.raises(Broken, match="does not know"):
        verify(resealed(value))


@pytest.mark.parametrize(
    "spec", ["[]", '{"containers":3}', '{"containers":["a"]}', '{"volumes":[1]}', '{"securityContext":7,"os":"x"}', "null"]
)
def test_nonsense_in_a_posture_does_not_hold_and_does_not_crash(spec: str) -> None:
    value = forged(world(server="", namespaces=[namespace("shop")], pods=[pod("a", TAME)]))
    text = '{"annotations":{},"spec":' + spec + "}"
    value["texts"].append(text)
    value["leaves"]["pods"][0][4] = sha256(text.encode())
    with pytest.raises(Broken):
        verify(resealed(value))


FIELDS = ("claim", "policy", "world", "sections", "leaves", "texts", "premises", "assumptions", "pillar")


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("nonsense", [None, 7, [7], {"a": 7}, "x", [["x"]]])
def test_nonsense_in_a_field_does_not_hold_and_does_not_crash(field: str, nonsense: Any) -> None:
    value: dict[str, Any] = json.loads(certificate(small()))
    value[field] = nonsense
    value["digest"] = sha256(canonical({key: one for key, one in value.items() if key != "digest"}))
    with pytest.raises(Broken):
        verify(canonical(value))


def test_mutators_are_premises_with_the_labels_that_they_select_by() -> None:
    base = deployed(TAME).cluster
    hook = WebhookConfiguration(metadata=Meta(name="injector"), webhooks=(Webhook(name="i"),))
    made = world(namespaces=base.namespaces, pods=base.pods, mutating_webhooks=[hook])
    facts = {fact.split()[0] for fact in verify(certificate(made), world=made.digest).premises}
    assert facts == {"blind-none", "labels", "mutator", "posture"}


def test_names_that_are_not_ascii_are_encoded_alike_on_both_sides() -> None:
    from ostiary.model.pods import Container, PodSpec, SecurityContext, SELinuxOptions

    odd = '\u00e9\u2028\x7f\x1f\b"\\/\U0001f600'
    spec = PodSpec(
        containers=(
            Container(name=odd, image=odd, security_context=SecurityContext(se_linux_options=SELinuxOptions(level=odd))),
        )
    )
    made = world(server="", namespaces=[namespace("shop")], pods=[pod(odd, spec, labels={odd: odd})])
    assert verify(certificate(made), world=made.digest).world == made.digest


def test_it_runs_alone_without_ostiary(tmp_path: Path) -> None:
    """The package copied out, and an interpreter that finds nothing but the standard library."""
    import ostiary.verifier

    shutil.copytree(Path(ostiary.verifier.__file__).parent, tmp_path / "verifier", ignore=shutil.ignore_patterns("__pycache__"))
    made = small()
    data = certificate(made)
    (tmp_path / "good.json").write_bytes(data)
    (tmp_path / "bad.json").write_bytes(data.replace(b"restricted", b"privileged"))

    def run(*arguments: str) -> tuple[int, str, str]:
        command = [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from verifier.__main__ import main; sys.exit(main(sys.argv[1:]))",
        ]
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False, cwd=tmp_path)
        return done.returncode, done.stdout, done.stderr

    code, said, _ = run("good.json", "--world", made.digest)
    assert (code, said.startswith("holds: Every pod")) == (0, True)
    assert run("bad.json")[0] == 1
    assert run("good.json", "--world", "0" * 64)[0] == 1
    code, said, talk = run("missing.json")
    assert (code, said) == (2, "")
    assert "unreadable" in talk


def test_it_imports_the_standard_library_alone_and_stays_small() -> None:
    import ast

    import ostiary.verifier

    files = list(Path(ostiary.verifier.__file__).parent.glob("*.py"))
    imported = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                imported.add((node.module or "").split(".")[0])
    assert imported <= set(sys.stdlib_module_names)
    assert sum(len(file.read_text().splitlines()) for file in files) < 1600
