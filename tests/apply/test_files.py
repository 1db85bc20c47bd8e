"""The plan file: whole, unedited and of this format, or refused."""

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.apply.plans import every_action, refusal, staged

from ostiary.apply.files import FORMAT, decode, envelope, faults_of, open_envelope, read_plan, write_plan
from ostiary.core.canonical import digest
from ostiary.core.errors import BadInput, Unreachable
from ostiary.model.meta import Ref
from ostiary.model.plan import Change, Plan

PLANS = [staged(), every_action(), staged("shop", trials=(refusal("x", "shop"),), premises={"fact": Ref("Pod", "shop", "web")})]


@pytest.mark.parametrize("plan", PLANS)
def test_there_and_back(tmp_path: Path, plan: Plan) -> None:
    write_plan(tmp_path / "plan.json", plan)
    assert read_plan(tmp_path / "plan.json") == plan
    assert (tmp_path / "plan.json").stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["plan.json"]


def test_the_same_plan_is_the_same_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_plan(tmp_path / name, every_action())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    write_plan(path, PLANS[2])
    return path


def test_cut_at_any_byte_is_refused(whole: Path, tmp_path: Path) -> None:
    data = whole.read_bytes()
    for length in range(len(data) - 1):  # without the last line's end it is still whole
        (tmp_path / "cut").write_bytes(data[:length])
        with pytest.raises(BadInput):
            read_plan(tmp_path / "cut")


def test_any_bit_flipped_is_refused(tmp_path: Path) -> None:
    write_plan(tmp_path / "whole", staged())
    data = bytearray((tmp_path / "whole").read_bytes())
    for place in range(len(data)):
        for bit in range(8):
            data[place] ^= 1 << bit
            (tmp_path / "bent").write_bytes(data)
            with pytest.raises(BadInput):
                read_plan(tmp_path / "bent")
            data[place] ^= 1 << bit


def test_another_field_is_refused(tmp_path: Path) -> None:
    document = {**envelope(staged("shop")), "more": 1}
    with pytest.raises(BadInput, match="was edited"):
        open_envelope(tmp_path, document)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("ostiary.dev/plan/v2", "this ostiary reads 'ostiary.dev/plan/v1'"),
        ("ostiary.dev/certificate/v1", "is not a plan"),
        (None, "is not a plan"),
        (7, "is not a plan"),
    ],
)
def test_another_format_is_refused(tmp_path: Path, form: object, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        open_envelope(tmp_path, {**envelope(staged()), "format": form})


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=3), lambda x: st.lists(x) | st.dictionaries(st.text(max_size=8), x)
    )
)
def test_no_document_is_a_traceback(document: Any) -> None:
    with pytest.raises(BadInput):
        open_envelope(Path("f"), document)
    content = {"format": FORMAT, "plan": document}
    with pytest.raises(BadInput):
        open_envelope(Path("f"), {**content, "digest": digest(content)})


def test_files_that_are_not_there_or_not_writable(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot read"):
        decode(tmp_path / "none")
    with pytest.raises(BadInput, match="cannot read"):
        decode(tmp_path)
    with pytest.raises(Unreachable, match="cannot write"):
        write_plan(tmp_path / "none" / "plan", staged())


def change(plan: Plan, number: int, **changes: Any) -> Plan:
    new: list[Change] = list(plan.changes)
    new[number] = msgspec.structs.replace(new[number], **changes)
    return msgspec.structs.replace(plan, changes=tuple(new))


def targeted(**changes: str) -> Plan:
    plan = staged("shop")
    return change(plan, 0, target=msgspec.structs.replace(plan.changes[0].target, **changes))


@pytest.mark.parametrize(
    ("plan", "fault"),
    [
        (targeted(name="../secrets/x"), "no address"),
        (targeted(name="x?dryRun="), "no address"),
        (targeted(name=""), "no address"),
        (targeted(name="a\nb"), "no address"),
        (targeted(resource="namespaces/finalize"), "no address"),
        (targeted(api_version="../v1"), "no address"),
        (change(staged("shop"), 0, stage="later"), "no stage is called 'later'"),
        (change(staged("shop"), 0, before={}), "same fields"),
        (change(staged("shop"), 0, after={}), "same fields"),
        (change(every_action(), 0, after={"kind": "Role"}), "the object to create is another"),
        (change(every_action(), 3, before={}), "could not be put back"),
        (msgspec.structs.replace(staged("shop"), stages=("enforce", "observe")), "order of its stages"),
    ],
)
def test_a_plan_that_cannot_be_performed_or_taken_back(plan: Plan, fault: str) -> None:
    assert fault in " ".join(faults_of(plan))
    with pytest.raises(BadInput, match="cannot be performed"):
        open_envelope(Path("f"), envelope(plan))


@pytest.mark.parametrize("plan", PLANS)
def test_plans_that_can(plan: Plan) -> None:
    assert faults_of(plan) == ()
