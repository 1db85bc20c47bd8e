"""Every finding and every primitive stands in docs/rbac.md."""

from pathlib import Path

from ostiary.pillars.rbac.codes import CODES
from ostiary.pillars.rbac.escalations import PRIMITIVES
from ostiary.pillars.rbac.escalations.waiting import PRIMITIVE

PAGE = (Path(__file__).parents[3] / "docs" / "rbac.md").read_text()


def test_every_code_has_its_section_with_its_title() -> None:
    for code in CODES:
        section = PAGE.partition(f"### {code.code}\n")[2].partition("\n#")[0]
        assert code.title in " ".join(section.split()), code


def test_every_primitive_is_named() -> None:
    table = PAGE.partition("## Escalation primitives")[2].partition("## Findings")[0]
    for key in (*(primitive.key for primitive in PRIMITIVES), PRIMITIVE):
        family, _, last = key.partition("-")
        assert key in table or (f"-{last}" in table and f"{family}-" in table), key
