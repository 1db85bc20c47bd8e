"""Grants for tests, with what does not matter filled in."""

from datetime import UTC, datetime, timedelta

from ostiary.model.access import Grant, GrantState

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def grant(
    person: str = "alice@example.com",
    role: str = "edit",
    *namespaces: str,
    id: str = "g1",  # noqa: A002, as the field is called
    minutes: int = 60,
    state: GrantState = GrantState.ACTIVE,
    cluster: str = "prod",
    break_glass: bool = False,
) -> Grant:
    """A grant that began at NOW; everywhere when it names no namespace."""
    return Grant(
        id=id, person=person, cluster=cluster, role=role, namespaces=namespaces, everywhere=not namespaces, reason="a test",
        seconds=minutes * 60, requested_at=NOW, state=state, ends_at=NOW + timedelta(minutes=minutes), break_glass=break_glass,
    )  # fmt: skip
