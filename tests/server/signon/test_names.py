"""Who may come in under which name: nothing that could be read as somebody or something else passes the door."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.core.errors import OstiaryError, Refused
from ostiary.server.signon.names import ClaimRules, GroupRule, checked_name, named

KEEP_ALL = ClaimRules(person="name", groups=(GroupRule(value="*"),))
BAD = [
    "system:masters", "system:serviceaccount:kube-system:default", "ostiary:alice", "a,b", "a b", " alice", "alice ", "alice\n", "alice\r\nX: y",
    "alice\x00", "alice\x7f", "alice\t", "-alice", "@alice", ".alice", "a/b", "a\\b", "a%2c", "a'b", 'a"b', "a;b", "a<b>", "älice", "\u0430lice",
    "alice\u202e", "alice\u200b", "\uff41lice", "a" * 129, "😀",
]  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_name_is_refused_and_shown_safely(name: str) -> None:
    with pytest.raises(Refused, match="cannot be a name here") as refused:
        named("corp", {"sub": "1", "name": name}, KEEP_ALL)
    assert re.fullmatch(r"[ -~]+", refused.value.happened), "what is shown is printable ASCII"


@pytest.mark.parametrize("name", BAD)
def test_a_bad_group_is_refused_when_it_would_be_kept_and_not_else(name: str) -> None:
    claims = {"sub": "1", "name": "alice", "groups": ["dev", name]}
    with pytest.raises(Refused, match="puts you in the group"):
        named("corp", claims, KEEP_ALL)
    assert named("corp", claims, ClaimRules(person="name", groups=(GroupRule(value="dev"),))).groups == ("dev",)


@pytest.mark.parametrize("value", [None, "", 7, True, ["alice"], {"a": 1}])
def test_a_claim_that_is_no_text_names_nobody(value: object) -> None:
    with pytest.raises(Refused, match="says no name"):
        named("corp", {"sub": "1", "name": value}, KEEP_ALL)


@pytest.mark.parametrize("verified", [None, False, "true", 1])
def test_an_address_counts_when_the_provider_has_verified_it(verified: object) -> None:
    claims = {"sub": "1", "email": "alice@example.com", "email_verified": verified}
    with pytest.raises(Refused, match="has not verified"):
        named("corp", claims, ClaimRules())
    assert named("corp", claims, ClaimRules(unverified_email=True)).person == "alice@example.com"


@pytest.mark.parametrize("address", ["example.com", "a@b@example.com", "a@"])
def test_what_is_no_address_is_not_taken_for_one(address: str) -> None:
    for rules in (ClaimRules(domains=("example.com",)), ClaimRules()):
        with pytest.raises(Refused, match="an e-mail address"):
            named("corp", {"sub": "1", "email": address, "email_verified": True}, rules)


@pytest.mark.parametrize("address", ["a@evil.org", "a@example.com.evil.org", "a@sub.example.com", "example.com@evil.org"])
def test_another_domain_is_not_let_in(address: str) -> None:
    with pytest.raises(Refused, match="not let in"):
        named("corp", {"sub": "1", "email": address, "email_verified": True}, ClaimRules(domains=("example.com",)))


def test_names_are_folded_so_that_nobody_is_two() -> None:
    claims = {"sub": "1", "email": "Alice@EXAMPLE.com", "email_verified": True}
    assert named("corp", claims, ClaimRules(domains=("Example.com",))).person == "alice@example.com"


def test_a_group_may_get_another_name() -> None:
    rules = ClaimRules(person="name", groups=(GroupRule(value="cn=ops,*", called="ops"), GroupRule(value="team-*")))
    claims = {"sub": "1", "name": "a", "groups": ["cn=ops,dc=x", "team-a", "team-b", "team-a", "x", 7, None]}
    assert named("corp", claims, rules).groups == ("ops", "team-a", "team-b")


def test_one_group_may_come_as_a_word() -> None:
    assert named("corp", {"sub": "1", "name": "a", "groups": "dev"}, KEEP_ALL).groups == ("dev",)


@pytest.mark.parametrize("groups", [{"a": 1}, 7, ["g"] * 10_001])
def test_groups_that_are_no_list_of_groups(groups: object) -> None:
    with pytest.raises(Refused, match="no list of groups"):
        named("corp", {"sub": "1", "name": "a", "groups": groups}, KEEP_ALL)


@given(st.text(max_size=140))
def test_what_passes_is_of_the_grammar(name: str) -> None:
    try:
        passed = checked_name(name)
    except OstiaryError:
        return
    assert re.fullmatch(r"[a-z0-9][a-z0-9@._+=-]{0,127}", passed)
    assert checked_name(passed) == passed
