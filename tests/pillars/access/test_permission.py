"""Who may ask and who decides: what no rule allows is refused, and names that look like something else are not that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.core.errors import BadInput
from ostiary.model.access_intent import AccessIntent, AccessRule
from ostiary.pillars.access.asking import Asked, asked
from ostiary.pillars.access.durations import seconds_of, written
from ostiary.pillars.access.permission import Power, approves, checked, powers, rule_for

RULE = AccessRule(
    who=("group:dev", "zoe"),
    roles=("view", "edit"),
    clusters=("prod",),
    namespaces=("shop",),
    maximum="1h",
    approvers=("group:leads",),
)
INTENT = AccessIntent(administrators=("group:platform",), viewers=("eve",), rules=(RULE,))


def ask(*, role: str = "edit", cluster: str = "prod", spaces: tuple[str, ...] = ("shop",), seconds: int = 3600) -> Asked:
    return asked("alice", cluster, role, namespaces=spaces, everywhere=not spaces, reason="why", seconds=seconds)


def test_a_rule_lets_its_people_ask_for_what_it_names() -> None:
    assert rule_for(INTENT, "alice", ("dev",), ask()) is RULE
    assert rule_for(INTENT, "zoe", (), ask()) is RULE


@pytest.mark.parametrize("other", [
    ask(role="cluster-admin"), ask(cluster="prod2"), ask(spaces=("shop", "kube-system")), ask(spaces=()), ask(seconds=3601),
])  # fmt: skip
def test_anything_further_is_not_allowed(other: Asked) -> None:
    assert rule_for(INTENT, "alice", ("dev",), other) is None


@pytest.mark.parametrize(
    ("person", "groups"), [("alice", ()), ("group:dev", ()), ("dev", ()), ("*", ("*",)), ("alice", ("group:dev", "de"))]
)
def test_others_are_not_meant(person: str, groups: tuple[str, ...]) -> None:
    assert rule_for(INTENT, person, groups, ask()) is None
    assert powers(INTENT, person, groups, administrator=False) == frozenset()


def test_names_may_be_written_in_any_case() -> None:
    """Sign-on folds names to lower case; whoever is not folded is nobody whom sign-on let in."""
    intent = AccessIntent(administrators=("Root@Example.com",), viewers=("Group:Audit",))
    assert Power.ADMINISTRATOR in powers(intent, "root@example.com", (), administrator=False)
    assert Power.VIEWER in powers(intent, "x", ("audit",), administrator=False)
    assert powers(intent, "Root@Example.com", ("Audit",), administrator=False) == frozenset()


def test_an_empty_section_lets_nobody_ask() -> None:
    assert rule_for(AccessIntent(), "alice", ("dev",), ask()) is None


def test_without_a_section_an_administrator_decides_on_view_and_edit_in_namespaces() -> None:
    rule = rule_for(None, "alice", (), ask())
    assert rule is not None
    assert rule.approvals == 1
    assert not approves(rule, "bob", ("administrators",), administrator=False)
    assert not approves(rule, "administrators", (), administrator=False)
    assert approves(rule, "root", (), administrator=True)
    for further in (ask(role="cluster-admin"), ask(role="admin"), ask(spaces=()), ask(seconds=3601)):
        assert rule_for(None, "alice", (), further) is None


def test_an_administrator_approves_only_where_a_rule_says_so() -> None:
    assert not approves(RULE, "root", (), administrator=True)
    assert Power.APPROVER not in powers(INTENT, "root", ("platform",), administrator=False)
    assert Power.ADMINISTRATOR in powers(INTENT, "root", ("platform",), administrator=False)


def test_everybody_cannot_be_made_administrator_by_a_star() -> None:
    assert Power.ADMINISTRATOR not in powers(AccessIntent(administrators=("*",)), "eve", (), administrator=False)


def test_powers() -> None:
    assert powers(INTENT, "eve", (), administrator=False) == {Power.VIEWER}
    assert powers(INTENT, "alice", ("dev",), administrator=False) == {Power.REQUESTER}
    assert powers(INTENT, "bob", ("leads",), administrator=False) == {Power.APPROVER}


@pytest.mark.parametrize("wrong", [
    {"who": ()}, {"roles": ()}, {"clusters": ()}, {"approvers": ()}, {"namespaces": ()}, {"approvals": 0}, {"approvals": 11},
    {"roles": ("*",)}, {"approvers": ("*",)}, {"maximum": "8d"}, {"maximum": "soon"}, {"maximum": ""},
])  # fmt: skip
def test_rules_that_cannot_mean_what_they_say(wrong: dict[str, object]) -> None:
    import msgspec

    assert checked(INTENT) is INTENT
    with pytest.raises(BadInput):
        checked(AccessIntent(rules=(msgspec.structs.replace(RULE, **wrong),)))


@given(st.integers(1, 10**8))
def test_durations_are_read_as_they_are_written(seconds: int) -> None:
    assert seconds_of(written(seconds)) == seconds


@given(st.text(alphabet="0123456789dhms -+.", max_size=12))
def test_a_duration_is_read_or_refused(text: str) -> None:
    try:
        assert seconds_of(text) > 0
    except BadInput:
        assert written(0) == "0s"


@pytest.mark.parametrize("text", ["", "1", "h", "1h1h", "1m1h", "-1h", "1.5h", "1 h", "0s", "٣h", "1H", "9999999d"])
def test_no_durations(text: str) -> None:
    with pytest.raises(BadInput):
        seconds_of(text)
