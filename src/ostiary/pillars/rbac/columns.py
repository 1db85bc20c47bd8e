"""Questions about all subjects at once: who can do this, and who can do any of these. Columns of numbers in place of objects.

Equal rules are one row; a word (a verb, a group, a resource, a name) leads to the rows that have it; rows lead to rules of roles, roles to bindings,
bindings to subjects. A question costs a few gathers over arrays, whatever the number of subjects. Single questions are decided by
``authorizer``; a law holds the two together: whoever is found here is allowed there, and nobody else.

Not answered here: the Node authorizer and ``system:masters``, which are not rules; ``who`` says so beside its answer.

>>> Columns(Grants.of(Cluster())).who(Request("get", "secrets"))
()
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from ostiary.model.rbac import PolicyRule
from ostiary.pillars.rbac.grants import CLUSTER, Grant, Grants
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.rule import ALL, path_matches
from ostiary.pillars.rbac.subject import SubjectKey

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]
_NONE: Ints = np.empty(0, dtype=np.int64)


class Holder(msgspec.Struct, frozen=True, gc=False):
    """A subject that may, the namespace where (empty: everywhere), and one grant that says so. In no circle, so of no weight to the collector."""

    key: SubjectKey
    scope: str
    grant: Grant


class _Lists:
    """Ragged rows: for each number a list of numbers, all in one array."""

    def __init__(self, rows: Sequence[Sequence[int]]) -> None:
        self.starts = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(row) for row in rows], out=self.starts[1:])
        self.flat = np.fromiter((number for row in rows for number in row), dtype=np.int64, count=int(self.starts[-1]))

    def gather(self, numbers: Ints) -> tuple[Ints, Ints]:
        """The lists of these numbers one after the other; and for each entry, the number whose list it is from."""
        lengths = self.starts[numbers + 1] - self.starts[numbers]
        total = int(lengths.sum())
        before = np.repeat(np.cumsum(lengths) - lengths, lengths)
        at = np.arange(total, dtype=np.int64) - before + np.repeat(self.starts[numbers], lengths)
        return self.flat[at], np.repeat(numbers, lengths)


class _Words:
    """For each word, the rules that have it; ``*`` is a word."""

    def __init__(self, words: Sequence[Iterable[str]]) -> None:
        rows: defaultdict[str, list[int]] = defaultdict(list)
        self._count = len(words)
        for index, every in enumerate(words):
            for word in dict.fromkeys(every):
                rows[word].append(index)
        self._rows = {word: np.array(found, dtype=np.int64) for word, found in rows.items()}

    def rows(self, *words: str) -> Ints:
        """Rows that have any of these words; one that has several may stand there several times."""
        found = [self._rows[word] for word in words if word in self._rows]
        return np.concatenate(found) if found else _NONE

    def words(self) -> tuple[str, ...]:
        """Every word that some row has."""
        return tuple(self._rows)

    def mask(self, *words: str) -> Bools:
        """For every row, whether it has any of these words."""
        has = np.zeros(self._count, dtype=np.bool_)
        for word in words:
            if word in self._rows:
                has[self._rows[word]] = True
        return has


class Columns:
    """The engine over some grants. Making it costs about a second for 44,000 roles and bindings; a question, well under a millisecond."""

    def __init__(self, grants: Grants) -> None:
        self._grants = grants.all
        rule_numbers: dict[PolicyRule, int] = {}
        bodies: dict[tuple[PolicyRule, ...], int] = {}
        body_of = [bodies.setdefault(grant.rules.sure, len(bodies)) for grant in self._grants]
        rules_of = [[rule_numbers.setdefault(rule, len(rule_numbers)) for rule in dict.fromkeys(body)] for body in bodies]
        self._rules = tuple(rule_numbers)
        self._index_rules()
        self._bodies_of_rule = _inverted(rules_of, len(self._rules))
        self._body_of, self._body_count = np.array(body_of, dtype=np.int64), len(bodies)
        self._index_subjects()

    def _index_rules(self) -> None:
        self._verbs = _Words([rule.verbs for rule in self._rules])
        self._groups = _Words([rule.api_groups for rule in self._rules])
        self._resources = _Words([rule.resources for rule in self._rules])
        names = ([_name_word(name) for name in rule.resource_names] or [_ANY_NAME] for rule in self._rules)
        self._names = _Words(list(names))
        self._with_paths = np.array([i for i, rule in enumerate(self._rules) if rule.non_resource_urls], dtype=np.int64)

    def _index_subjects(self) -> None:
        """Subjects and scopes are numbered in their order, so that sorted numbers are sorted subjects."""
        every = sorted({key for grant in self._grants for key in grant.keys if key is not None})
        numbers = {key: number for number, key in enumerate(every)}
        rows = [[numbers[key] for key in dict.fromkeys(grant.keys) if key is not None] for grant in self._grants]
        self._keys, self._subjects = _objects(every), _Lists(rows)
        scopes = sorted({CLUSTER, *(grant.scope for grant in self._grants)})
        self._scopes = {scope: number for number, scope in enumerate(scopes)}
        self._scope = np.array([self._scopes[grant.scope] for grant in self._grants], dtype=np.int64)
        self._scope_names, self._grant_objects = _objects(scopes), _objects(self._grants)

    def who(self, request: Request, *, everywhere: bool = False) -> tuple[Holder, ...]:
        """Every subject that a sure rule allows the request.

        In the request's namespace (or cluster-wide when it has none); ``everywhere``: in each namespace, whatever the request says. A subject that may
        cluster-wide is not named again for a namespace. Sorted by scope, then subject.
        """
        grants = self._allowing(request)
        if not everywhere or not request.is_resource:
            namespace = request.namespace if request.is_resource else CLUSTER
            scope = self._scope[grants]
            grants = grants[(scope == 0) | (scope == self._scopes.get(namespace, 0))]
        return self._holders(grants)

    def count(self, requests: Sequence[Request]) -> tuple[int, ...]:
        """For each request, how many pairs of subject and scope may make it, in all namespaces together."""
        return tuple(len(self._pairs(self._allowing(request))[0]) for request in requests)

    def holding(self, request: Request) -> Iterator[tuple[Grant, frozenset[str] | None]]:
        """Every grant with a sure rule for the request, its name left open: the names it is limited to, or None for every name."""
        return self._named(self._matching(request, any_name=True))

    def with_verb(self, prefix: str) -> Iterator[tuple[Grant, frozenset[str] | None]]:
        """The same for rules about resources with a verb that begins so, or ``*``."""
        words = [word for word in self._verbs.words() if word.startswith(prefix) or word == ALL]
        rules = np.unique(self._verbs.rows(*words))
        return self._named(np.array([i for i in rules.tolist() if self._rules[i].resources], dtype=np.int64))

    def _named(self, rules: Ints) -> Iterator[tuple[Grant, frozenset[str] | None]]:
        matching = frozenset(self._rules[i] for i in rules.tolist())
        for grant in self._grant_objects[self._with_rules(rules)].tolist():
            limits = [rule.resource_names for rule in grant.rules.sure if rule in matching]
            yield grant, frozenset(name for limit in limits for name in limit) if all(limits) else None

    def _allowing(self, request: Request) -> Ints:
        """The grants with a sure rule that allows the request, whatever their scope, in order."""
        return self._with_rules(self._matching(request))

    def _with_rules(self, rules: Ints) -> Ints:
        """The grants that have any of these rules, in order."""
        has_body = np.zeros(self._body_count, dtype=np.bool_)
        has_body[self._bodies_of_rule.gather(rules)[0]] = True
        return np.flatnonzero(has_body[self._body_of])

    def _matching(self, request: Request, *, any_name: bool = False) -> Ints:
        """The rules that allow the request; ``any_name``: or would with some name."""
        verbs = self._verbs.mask(request.verb, ALL)
        if not request.is_resource:
            both = self._with_paths[verbs[self._with_paths]]
            return np.array([i for i in both.tolist() if path_matches(self._rules[i], request.path)], dtype=np.int64)
        sub = (f"*/{request.subresource}",) if request.subresource else ()
        found = self._resources.rows(request.combined, ALL, *sub)
        found = found[verbs[found]]
        found = found[self._groups.mask(request.api_group, ALL)[found]]
        return found if any_name else found[self._names.mask(_ANY_NAME, _name_word(request.name))[found]]

    def _pairs(self, grants: Ints) -> tuple[Ints, Ints]:
        """Scope and subject as one number each, sorted, without repetition; and a grant for each."""
        width = len(self._keys)
        subjects, origin = self._subjects.gather(grants)
        pairs, first = np.unique(self._scope[origin] * width + subjects, return_index=True)
        cluster_wide = np.zeros(width, dtype=np.bool_)
        cluster_wide[pairs[pairs < width]] = True
        kept = (pairs < width) | ~cluster_wide[pairs % max(width, 1)]
        return pairs[kept], origin[first][kept]

    def _holders(self, grants: Ints) -> tuple[Holder, ...]:
        pairs, origin = self._pairs(grants)
        scope, subject = np.divmod(pairs, max(len(self._keys), 1))
        columns = (self._keys[subject].tolist(), self._scope_names[scope].tolist(), self._grant_objects[origin].tolist())
        return tuple(map(Holder, *columns))


def _objects(values: Sequence[object]) -> Objects:
    """Any values as an array, each as it is: numpy would take tuples apart."""
    made = np.empty(len(values), dtype=np.object_)
    for number, value in enumerate(values):
        made[number] = value
    return made


_ANY_NAME = ""  # the word of rules without names; a name is written with a sign before it, and so is never this word


def _name_word(name: str) -> str:
    return f"={name}"


def _inverted(rows: Sequence[Sequence[int]], count: int) -> _Lists:
    """From "number has these" to "this is had by those numbers"."""
    turned: list[list[int]] = [[] for _ in range(count)]
    for index, row in enumerate(rows):
        for number in row:
            turned[number].append(index)
    return _Lists(turned)
