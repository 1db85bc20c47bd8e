"""The most that a stolen gateway credential could do on a cluster, and whether that is what the live grants allow and no more.

Three questions, each over every binding of the World:

1. What may the gateway's account do as itself? Nothing but impersonate, and what everybody who is signed in may by Kubernetes' defaults.
2. Whom may it be? The people of live grants, in the one group; nobody else, in no other mode.
3. What may those people do, as far as the gateway may do it as them? Where impersonation is limited by request, that is the meeting of two sets
   of rules: those of the person and those of the gateway's ``impersonate-on``. It has to be what the person's own live grants give.

A right behind which there is no live grant is a witness, whoever made it: a binding to ``ostiary-gateway``, to ``ostiary:access``, to a person.

Not decided here: what a granted role leads to further (``check rbac`` says it), and what another authorizer than RBAC would allow.

>>> # prove(world, policy(world)) -> Proof(claim="Whoever holds the gateway's credential ...", policy=Power of three people, ...)
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time

from msgspec.structs import replace

from ostiary.core.errors import BadInput
from ostiary.model.access import GATEWAY_ACCOUNT, GROUP, NAMESPACE, Grant
from ostiary.model.meta import Ref
from ostiary.model.rbac import PolicyRule
from ostiary.model.verdict import Missing, Proof, Refutation, Unknown, Witness
from ostiary.model.world import World
from ostiary.paths.meeting import meeting
from ostiary.pillars.access.bindings import live, scopes, user_of
from ostiary.pillars.access.impersonation import DOING, EVERYBODY, Power, power
from ostiary.pillars.access.told import told
from ostiary.pillars.rbac import check as rbac
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.escalation import covers
from ostiary.pillars.rbac.grants import CLUSTER
from ostiary.pillars.rbac.grants import Grant as Held
from ostiary.pillars.rbac.identity import AUTHENTICATED, authenticated, service_account_user
from ostiary.pillars.rbac.subject import GROUP as GROUP_KIND
from ostiary.pillars.rbac.subject import USER, SubjectKey, keys_of

CLAIM = "Whoever holds the gateway's credential can do on this cluster what the live grants allow, and nothing else."
GATEWAY = service_account_user(NAMESPACE, GATEWAY_ACCOUNT)
# What the API server's own bindings give to everybody who is signed in, and to every service account. Source: bootstrappolicy/policy.go, 1.37.2.
DEFAULTS = (
    *EVERYBODY,
    PolicyRule(verbs=("get", "list", "watch"), api_groups=("certificates.k8s.io",), resources=("clustertrustbundles",)),
    PolicyRule(
        verbs=("get",),
        non_resource_urls=(
            *("/.well-known/openid-configuration", "/.well-known/openid-configuration/"),
            *("/openid/v1/jwks", "/openid/v1/jwks/"),
        ),
    ),
)
Rules = tuple[PolicyRule, ...]


@dataclass(frozen=True, slots=True)
class GatewayPower:
    """The policy that is proved: these grants, live at this moment, are all that a stolen credential reaches. ``asked``: the control plane said so."""

    at: datetime
    grants: tuple[Grant, ...]
    asked: bool

    COLUMNS = ("person", "role", "where", "until", "grant")

    def rows(self) -> list[tuple[str, ...]]:
        """The printed list: what a stolen credential could do, a line a grant."""
        return [
            (
                user_of(one.person),
                f"ClusterRole {one.role}",
                "everywhere" if one.everywhere else ", ".join(scopes(one)),
                f"{one.ends_at:%Y-%m-%d %H:%M:%S}Z" if one.ends_at else "",
                one.id + (" (break-glass)" if one.break_glass else ""),
            )
            for one in self.grants
        ]


def intended(world: World) -> GatewayPower:
    """The live grants: as the control plane said, where it was asked, else as the cluster's own objects tell."""
    word = world.evidence.access
    at = word.at if word else datetime.combine(world.today, time(), UTC)
    grants = told(world.cluster) if word is None or word.grants is None else word.grants
    return GatewayPower(at, live(grants, at), word is not None and word.grants is not None)


def prove(world: World, policy: GatewayPower) -> Proof[GatewayPower] | Refutation | Unknown:
    """Whether nothing but these grants is reachable. BadInput for a cluster that is not behind a gateway."""
    if not any(
        (one.metadata.namespace, one.metadata.name) == (NAMESPACE, GATEWAY_ACCOUNT) for one in world.cluster.service_accounts
    ):
        raise BadInput(
            f"the cluster has no ServiceAccount {NAMESPACE}/{GATEWAY_ACCOUNT}: it is not behind a gateway",
            todo="add it: ostiary cluster add NAME --kubeconfig FILE",
        )
    scene = _Scene.of(world, policy)
    witnesses = tuple(dict.fromkeys((*_as_itself(scene), *_as_others(scene))))
    if witnesses:
        return Refutation(CLAIM, witnesses)
    missing = (*rbac.unseen(world), *_doubts(scene))
    if missing:
        return Unknown(CLAIM, missing)
    return Proof(CLAIM, policy, world.digest, _premises(scene), assumptions(policy, limited=not scene.old_way), {})


def assumptions(policy: GatewayPower, *, limited: bool) -> tuple[str, ...]:
    """What the objects of a cluster cannot show."""
    source = () if policy.asked else ("the bindings that carry a grant's label were approved: the control plane was not asked",)
    wide = (
        () if limited else ("impersonation is not limited by request on this cluster: the people's own rights are the bound",)
    )
    return (
        *source,
        *wide,
        "no other authorizer than Node and RBAC decides on this server",
        "which session a record names is as the holder of the credential likes",
        "for ten seconds after a grant's end the gateway may still be its person, who may then do nothing",
        "what a granted role leads to further is another question: ostiary check rbac",
    )


@dataclass(frozen=True, slots=True)
class _Scene:
    """One World with every binding resolved, and what the live grants account for."""

    world: World
    policy: GatewayPower
    authorizer: Authorizer
    due: tuple[Power, Power]  # limited by request, and the old way
    held: tuple[Held, ...]  # bindings that mean the gateway's account
    old_way: bool
    by_key: Mapping[SubjectKey, tuple[Held, ...]]

    @classmethod
    def of(cls, world: World, policy: GatewayPower) -> "_Scene":
        authorizer = Authorizer(world.cluster)
        rules = {grant.role: _role(authorizer, grant.role) for grant in policy.grants}
        due = (power(policy.grants, rules, constrained=True), power(policy.grants, rules, constrained=False))
        by_key = _by_key(authorizer)
        held = _held(by_key, keys_of(authenticated(GATEWAY)))
        old_way = any(verb in ("impersonate", "*") for one in held for rule in one.rules.sure for verb in rule.verbs)
        return cls(world, policy, authorizer, due, held, old_way, by_key)

    def accounted(self, scope: str) -> Rules:
        """The rules that the gateway's account may hold in a scope."""
        everywhere = (*DEFAULTS, *self.due[0].rules(CLUSTER), *self.due[1].rules(CLUSTER))
        return everywhere if scope == CLUSTER else (*everywhere, *self.due[0].rules(scope))

    def doing(self, scope: str) -> Rules:
        """What the gateway may do as somebody in a scope, by the bindings of that very scope: its ``impersonate-on`` rules with plain verbs."""
        return tuple(plain for one in self.held if one.scope == scope for rule in one.rules.sure for plain in _plain(rule))


def _by_key(authorizer: Authorizer) -> dict[SubjectKey, tuple[Held, ...]]:
    found: defaultdict[SubjectKey, list[Held]] = defaultdict(list)
    for held in authorizer.grants.all:
        for key in dict.fromkeys(held.keys):
            if key is not None:
                found[key].append(held)
    return {key: tuple(some) for key, some in found.items()}


def _held(by_key: Mapping[SubjectKey, tuple[Held, ...]], keys: Iterable[SubjectKey]) -> tuple[Held, ...]:
    """The bindings that mean any of these, each once."""
    return tuple({id(one): one for key in keys for one in by_key.get(key, ())}.values())


def _role(authorizer: Authorizer, name: str) -> Rules:
    found = authorizer.grants.roles.find(Ref("ClusterRole", "", name))
    return found.sure if found else ()


def _plain(rule: PolicyRule) -> Iterator[PolicyRule]:
    verbs = tuple(verb.removeprefix(DOING) for verb in rule.verbs if verb.startswith(DOING))
    if "*" in rule.verbs:
        yield replace(rule, verbs=("*",))
    elif verbs:
        yield replace(rule, verbs=verbs)


def _as_itself(scene: _Scene) -> Iterator[Witness]:
    """Rights of the account that nothing accounts for: to do something itself, or to be somebody whom no live grant names."""
    for held in scene.held:
        accounted = scene.accounted(held.scope)
        for rule in held.rules.sure:
            if rule not in accounted and not covers(accounted, rule):
                yield Witness(held.binding, f"lets the gateway's credential {shown(rule, held.scope)}, by {held.role}")


def _as_others(scene: _Scene) -> Iterator[Witness]:
    """Rights of people whom the gateway may be, beyond their live grants and within its reach."""
    reach: dict[str, Rules] = {}
    grants: defaultdict[str, list[Grant]] = defaultdict(list)
    for grant in scene.policy.grants:
        grants[grant.person].append(grant)
    for person, some in sorted(grants.items()):
        mine = tuple(some)
        for held in _held(scene.by_key, _keys(person)):
            for rule in held.rules.sure:
                for scope, beyond in _beyond(scene, mine, held.scope, rule, reach):
                    yield Witness(
                        held.binding,
                        f"lets the gateway's credential, as {user_of(person)}, {shown(beyond, scope)}, by {held.role}",
                    )
                    break


def _keys(person: str) -> frozenset[SubjectKey]:
    return frozenset((SubjectKey(USER, user_of(person)), SubjectKey(GROUP_KIND, GROUP), SubjectKey(GROUP_KIND, AUTHENTICATED)))


def _beyond(
    scene: _Scene, mine: tuple[Grant, ...], scope: str, rule: PolicyRule, reach: dict[str, Rules]
) -> Iterator[tuple[str, PolicyRule]]:
    """What of a person's rule the gateway reaches and the person's live grants do not give: each with the scope in which it is reached."""
    whole = _given(scene, mine, scope)
    if rule in whole or covers(whole, rule):
        return
    if scene.old_way:
        yield scope, rule
        return
    narrower = {where for held in scene.held for where in (held.scope,)} if scope == CLUSTER else {CLUSTER, scope}
    for where in sorted(narrower):
        reached = scope if where == CLUSTER else where
        given = _given(scene, mine, reached)
        for doing in reach.setdefault(where, scene.doing(where)):
            for both in meeting(doing, rule):
                if not covers(given, both):
                    yield reached, both


def _given(scene: _Scene, mine: tuple[Grant, ...], scope: str) -> Rules:
    """What a person's grants give in a scope, and what everybody may."""
    roles = {grant.role for grant in mine if {CLUSTER, scope} & set(scopes(grant))}
    return (*DEFAULTS, *(rule for role in sorted(roles) for rule in _role(scene.authorizer, role)))


def _doubts(scene: _Scene) -> Iterator[Missing]:
    """Bindings of manifests that perhaps grant something here."""
    from ostiary.model.blind import Blind, Reason

    people = {key for grant in scene.policy.grants for key in _keys(grant.person)} | set(keys_of(authenticated(GATEWAY)))
    for held in scene.authorizer.grants.doubtful:
        if people & set(held.keys):
            for doubt in held.rules.doubts:
                blind = Blind(
                    kind=held.binding.kind, namespace=held.binding.namespace, name=held.binding.name,
                    reason=Reason.UNREADABLE, detail=doubt.what,
                )  # fmt: skip
                yield Missing(blind, doubt.todo)


def _premises(scene: _Scene) -> dict[str, Ref]:
    return {f"{held.binding} of {held.role}": held.binding for held in scene.held}


def shown(rule: PolicyRule, scope: str) -> str:
    """A rule in a sentence, its long lists cut short."""
    what = rule.non_resource_urls if rule.non_resource_urls and not rule.resources else _qualified(rule)
    names = f" ({_short(rule.resource_names)} only)" if rule.resource_names else ""
    where = (
        "" if rule.non_resource_urls and not rule.resources else f" in namespace {scope}" if scope else " in every namespace"
    )
    return f"{_short(rule.verbs)} {_short(what)}{names}{where}"


def _qualified(rule: PolicyRule) -> tuple[str, ...]:
    if rule.api_groups == ("",):
        return rule.resources
    return tuple(f"{one}.{group}" if group else one for group in rule.api_groups for one in rule.resources)


def _short(words: tuple[str, ...]) -> str:
    return ", ".join(words[:4]) + (f" and {len(words) - 4} more" if len(words) > 4 else "")
