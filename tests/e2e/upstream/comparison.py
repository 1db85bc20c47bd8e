"""What differs between two runs of the same tests, and which differences are meant.

>>> ok, bad = Outcome("passed", 1.0), Outcome("failed", 2.0, "no")
>>> [str(one) for one in differences({"a": ok, "b": ok}, {"a": ok, "b": bad})]
['b: directly passed, through the gateway failed (no)']
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.e2e.upstream.suite import Outcome

NOT_RUN = Outcome("not run", 0.0)


@dataclass(frozen=True, slots=True)
class Meant:
    """Tests whose names match may end differently through the gateway, because of ``reason``."""

    pattern: str
    reason: str


MEANT: Sequence[Meant] = ()  # none so far: every test that runs ends as it does directly


@dataclass(frozen=True, slots=True)
class Difference:
    """A test that ended differently."""

    name: str
    directly: Outcome
    through: Outcome

    @property
    def meant(self) -> Meant | None:
        """Why it may, where it may."""
        return next((one for one in MEANT if re.search(one.pattern, self.name)), None)

    def __str__(self) -> str:
        why = self.through.why or self.directly.why
        return f"{self.name}: directly {self.directly.status}, through the gateway {self.through.status}" + (
            f" ({why})" if why else ""
        )


def differences(directly: Mapping[str, Outcome], through: Mapping[str, Outcome]) -> list[Difference]:
    """Every test with two endings, a test that ran only once included; by name."""
    pairs = [(name, directly.get(name, NOT_RUN), through.get(name, NOT_RUN)) for name in sorted({*directly, *through})]
    return [Difference(name, one, other) for name, one, other in pairs if one.status != other.status]
