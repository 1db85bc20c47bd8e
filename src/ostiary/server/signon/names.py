"""Who somebody is, from what a provider says: a positive grammar of names, and rules for groups.

A name becomes the value of an HTTP header, a Kubernetes user name and a word on a terminal, so only letters, digits and ``@ . _ + = -`` may stand in it: no
control characters, no commas (Envoy and Go join and split headers there), no colon (``system:`` is Kubernetes' own), nothing that looks like something else.
It is folded to lower case, since most providers mean one person by both. Groups are dropped unless a rule keeps them: five hundred cost nothing, and one that
cannot be written safely matters only when it would be kept. Whoever's kept group is not a name is refused at the door.

>>> named("corp", {"sub": "1", "email": "Alice@Example.com", "email_verified": True, "groups": ["dev", "x,y"]},
...     ClaimRules(groups=(GroupRule(value="dev"),)))
SignedIn(person='alice@example.com', groups=('dev',), administrator=False, subject='1')
"""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

import msgspec

from ostiary.core.errors import BadInput, Refused

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._+=-]{0,127}")
_MOST_GROUPS: Final = 10_000


class GroupRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Groups of the provider that match ``value`` (``*`` and ``?`` are wild) are kept, under the name ``called`` or their own."""

    value: str
    called: str = ""


class ClaimRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which claims say who somebody is. ``domains`` limits e-mail addresses; empty means any."""

    person: str = "email"
    groups_claim: str = "groups"
    groups: tuple[GroupRule, ...] = ()
    domains: tuple[str, ...] = ()
    unverified_email: bool = False  # take an address that the provider has not verified


class SignedIn(msgspec.Struct, frozen=True, kw_only=False):
    """Somebody who proved who they are."""

    person: str
    groups: tuple[str, ...] = ()
    administrator: bool = False
    subject: str = ""


def is_name(name: str) -> bool:
    """Whether it is of the grammar."""
    return _NAME.fullmatch(name) is not None


def checked_name(name: str) -> str:
    """A person's or group's name, folded; BadInput when it cannot be one."""
    if not _NAME.fullmatch(name):
        raise BadInput(f"{shown(name)} cannot be a name", todo="letters, digits and @ . _ + = - alone, at most 128 of them")
    return name.lower()


def named(provider: str, claims: Mapping[str, Any], rules: ClaimRules) -> SignedIn:
    """Whom the claims name. Refused when they name nobody, or nobody who can be let in."""
    said = claims.get(rules.person)
    if not isinstance(said, str) or not said:
        raise _refused(provider, f"says no {rules.person}", f"let it send the claim {rules.person}, or choose another: sign_on")
    if not _NAME.fullmatch(said):
        raise _refused(provider, f"calls you {shown(said)}, which cannot be a name here", "see docs/sign-on.md, Names")
    if rules.person == "email":
        _check_email(provider, said, claims, rules)
    return SignedIn(said.lower(), _groups(provider, claims, rules), False, str(claims["sub"]))


def shown(name: str) -> str:
    """A name from outside, fit for a message: printable, quoted, short."""
    return ascii(name if len(name) <= 60 else f"{name[:60]}...")


def _check_email(provider: str, said: str, claims: Mapping[str, Any], rules: ClaimRules) -> None:
    if claims.get("email_verified") is not True and not rules.unverified_email:
        raise _refused(provider, f"has not verified the address {said}", "verify it there, then sign in again")
    local, at, domain = said.lower().rpartition("@")
    if not (local and at and domain) or "@" in local:
        raise _refused(provider, f"calls {said} an e-mail address", "have its claims checked, or choose another claim: sign_on")
    if rules.domains and domain not in {one.lower() for one in rules.domains}:
        raise _refused(provider, f"names {said}, of a domain that is not let in", "sign in with your organisation's address")


def _groups(provider: str, claims: Mapping[str, Any], rules: ClaimRules) -> tuple[str, ...]:
    said = claims.get(rules.groups_claim, [])
    values = [said] if isinstance(said, str) else said
    if not isinstance(values, list) or len(values) > _MOST_GROUPS:
        raise _refused(provider, f"sent a claim {rules.groups_claim} that is no list of groups", "have its mapping checked")
    kept = {
        _kept(provider, value, rule)
        for value in values
        if isinstance(value, str)
        for rule in rules.groups
        if _fits(value, rule)
    }
    return tuple(sorted(kept))


def _fits(value: str, rule: GroupRule) -> bool:
    return fnmatchcase(value, rule.value)


def _kept(provider: str, value: str, rule: GroupRule) -> str:
    name = rule.called or value
    if not _NAME.fullmatch(name):
        raise _refused(
            provider,
            f"puts you in the group {shown(name)}, which cannot be a name here",
            "give the group a name in sign_on: called",
        )
    return name


def _refused(provider: str, what: str, todo: str) -> Refused:
    return Refused(f"the sign-on provider {provider} {what}", todo=f"nobody was signed in; {todo}")
