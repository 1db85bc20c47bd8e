"""Who may ask, approve, see and administer, by the section ``access`` of the intent file; and what holds where the file says nothing.

Without a section the built-in rule holds: whoever is signed in may ask for ``view`` or ``edit`` in namespaces that they name, for an hour at most, and one
administrator who is not the requester has to agree. So a fresh installation is usable by two people and gives one person alone nothing.
A section that is there replaces that rule entirely; an empty one lets nobody ask for anything.

Of several rules that fit, the first in the file counts: its maximum, its approvers. A rule that fits but for its maximum is passed over.

>>> rule_for(None, "alice", (), ask).approvals
1
"""

from collections.abc import Iterable, Sequence
from enum import Enum

from ostiary.core.errors import BadInput
from ostiary.model.access_intent import ANY, GROUP_MARK, AccessIntent, AccessRule
from ostiary.pillars.access.asking import LONGEST, Asked
from ostiary.pillars.access.durations import seconds_of

ADMINISTRATORS = "administrators"  # as an approver: whoever is one
DEFAULT = AccessIntent(
    rules=(
        AccessRule(
            who=(ANY,), roles=("view", "edit"), clusters=(ANY,), namespaces=(ANY,), maximum="1h", approvers=(ADMINISTRATORS,)
        ),
    )
)


class Power(Enum):
    """What somebody may do with the control plane itself."""

    REQUESTER = "requester"
    APPROVER = "approver"
    VIEWER = "viewer"
    ADMINISTRATOR = "administrator"

    def __str__(self) -> str:
        return self.value


def checked(intent: AccessIntent) -> AccessIntent:
    """The section, when every rule can mean something; BadInput names the rule otherwise."""
    for number, rule in enumerate(intent.rules, 1):
        where = f"access rule {number}"
        for name in ("who", "roles", "clusters", "approvers"):
            if not getattr(rule, name):
                raise BadInput(
                    f"{where} has an empty list of {name}: it could never apply", todo="name some, or remove the rule"
                )
        if not rule.namespaces and not rule.everywhere:
            raise BadInput(
                f"{where} names no namespaces and is not for everywhere", todo="say namespaces: [...] or everywhere: true"
            )
        if not 1 <= rule.approvals <= 10:
            raise BadInput(f"{where} wants {rule.approvals} approvals", todo="1 to 10: nobody is let in without another person")
        if ANY in rule.roles or ANY in rule.approvers:
            raise BadInput(
                f"{where} says * for roles or approvers", todo="name them: a new ClusterRole shall not be granted unseen"
            )
        if seconds_of(rule.maximum) > LONGEST:
            raise BadInput(
                f"{where} allows more than 7 days", todo="a longer right is a standing right: bind it, where it is seen"
            )
    return intent


def is_one_of(names: Iterable[str], person: str, groups: Sequence[str]) -> bool:
    """Whether a list of people and groups means this person. A person whose name looks like a group is nobody's group.

    People and groups bear lower-case names, as sign-on folds them; so a list may be written in any case.
    """
    return any(_means(name.lower(), person, groups) for name in names)


def _means(name: str, person: str, groups: Sequence[str]) -> bool:
    if name.startswith(GROUP_MARK):
        return name[len(GROUP_MARK) :] in groups
    return name in (ANY, person)


def rule_for(intent: AccessIntent | None, person: str, groups: Sequence[str], ask: Asked) -> AccessRule | None:
    """The first rule that lets somebody ask for this."""
    rules = (DEFAULT if intent is None else intent).rules
    return next((rule for rule in rules if is_one_of(rule.who, person, groups) and _fits(rule, ask)), None)


def _fits(rule: AccessRule, ask: Asked) -> bool:
    scope = rule.everywhere if ask.everywhere else all(_named(rule.namespaces, one) for one in ask.namespaces)
    return scope and ask.role in rule.roles and _named(rule.clusters, ask.cluster) and ask.seconds <= seconds_of(rule.maximum)


def _named(names: Sequence[str], one: str) -> bool:
    return ANY in names or one in names


def approves(rule: AccessRule, person: str, groups: Sequence[str], *, administrator: bool) -> bool:
    """Whether somebody is among the approvers of a rule."""
    return (administrator and ADMINISTRATORS in rule.approvers) or is_one_of(
        (one for one in rule.approvers if one != ADMINISTRATORS), person, groups
    )


def powers(intent: AccessIntent | None, person: str, groups: Sequence[str], *, administrator: bool) -> frozenset[Power]:
    """Everything that somebody may be, for some request or other."""
    said = DEFAULT if intent is None else intent
    administers = administrator or is_one_of((one for one in said.administrators if one != ANY), person, groups)
    found = {Power.ADMINISTRATOR} if administers else set()
    if administers or is_one_of(said.viewers, person, groups):
        found.add(Power.VIEWER)
    if any(is_one_of(rule.who, person, groups) for rule in said.rules):
        found.add(Power.REQUESTER)
    if any(approves(rule, person, groups, administrator=administers) for rule in said.rules):
        found.add(Power.APPROVER)
    return frozenset(found)
