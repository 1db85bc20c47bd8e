"""Column types that mean the same on SQLite and on PostgreSQL.

A moment is kept as whole microseconds since 1970 in UTC: no database's idea of time zones comes between, and comparing is comparing numbers. A list of
words is kept as JSON text. A value without a time zone is refused, for it could mean two moments.

>>> Moment().process_bind_param(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), None)
1000000
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Text
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """A ``datetime`` in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        """To the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone could be two")
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:
        """From the database."""
        return None if value is None else _EPOCH + value * _MICROSECOND


class Words(TypeDecorator[tuple[str, ...]]):
    """A tuple of strings."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Any) -> str | None:
        """To the database."""
        return None if value is None else json.dumps(list(value), ensure_ascii=False)

    def process_result_value(self, value: str | None, dialect: Any) -> tuple[str, ...] | None:
        """From the database."""
        return None if value is None else tuple(json.loads(value))
