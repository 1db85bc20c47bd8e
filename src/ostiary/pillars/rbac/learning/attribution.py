"""Which usage each subject's bindings have to answer for.

A request that several bindings could have allowed, of the user and of its groups, is counted for each subject: every proposal is then safe by itself, whichever
of the others is carried out. (The API server's audit names only the first binding that it came by.) What bindings that stay allow is counted for nobody.

A request that was made by impersonation asked its impersonator's rights as well; they are counted for the impersonator.

>>> attributed(Standing({}, {}, {}), ())
{}
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from ostiary.model.evidence import Impersonator, Usage
from ostiary.pillars.rbac.identity import AUTHENTICATED, Identity, service_account_groups, split_service_account
from ostiary.pillars.rbac.impersonation import Mode, checks
from ostiary.pillars.rbac.learning.atom import request_of
from ostiary.pillars.rbac.learning.standing import Held, Standing
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.subject import GROUP, USER, SubjectKey


def attributed(standing: Standing, usage: Iterable[Usage]) -> dict[SubjectKey, tuple[Usage, ...]]:
    """For each subject with bindings to replace, the usage of everybody whom it means: allowed by these bindings, or denied."""
    found: dict[SubjectKey, list[Usage]] = {key: [] for key in standing.subjects}
    for one in usage:
        for row in (one, *_impersonating(one)):
            keys = _keys(row)
            mine = [key for key in keys if key in found]
            if mine and not (row.daily and standing.stays(keys, request_of(row))):
                for key in mine:
                    found[key] += _held(standing.subjects[key], row)
    return {key: tuple(rows) for key, rows in found.items()}


def _keys(usage: Usage) -> tuple[SubjectKey, ...]:
    return (SubjectKey(USER, usage.user), *(SubjectKey(GROUP, group) for group in usage.groups))


def _held(held: Held, row: Usage) -> Iterator[Usage]:
    """The row as far as these bindings allow it. Where names are not told apart and not all names are held, it stands for those that are."""
    request = request_of(row)
    if not row.daily or held.allows(request):
        yield row
    elif row.many:
        for name in held.names(request):
            yield replace(row, name=name, many=False)


def _impersonating(usage: Usage) -> Iterator[Usage]:
    """What the impersonator was asked on top."""
    by = usage.by
    if by is None or not usage.daily:
        return
    wanted = Identity(usage.user, _wanted_groups(usage), by.uid, by.extra)
    for check in checks(_mode(by), wanted, request_of(usage)):
        for request in (*check.each, *((check.instead,) if check.instead else ())):
            yield _asked_of(by, request, usage)


def _mode(by: Impersonator) -> Mode:
    return next((mode for mode in Mode if by.constraint == f"impersonate:{mode}"), Mode.LEGACY)


def _wanted_groups(usage: Usage) -> tuple[str, ...]:
    """The groups that were asked for: not those that the API server adds by itself."""
    account = split_service_account(usage.user)
    added = {AUTHENTICATED, *(service_account_groups(account[0]) if account else ())}
    return tuple(group for group in usage.groups if group not in added)


def _asked_of(by: Impersonator, request: Request, usage: Usage) -> Usage:
    return replace(
        usage,
        user=by.user,
        groups=by.groups,
        by=None,
        verb=request.verb,
        api_group=request.api_group,
        resource=request.resource,
        subresource=request.subresource,
        namespace=request.namespace,
        name=request.name,
        path=request.path,
        denied=0,
        many=False,
    )
