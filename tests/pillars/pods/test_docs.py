"""What people write exceptions against is described."""

import re
from pathlib import Path

from ostiary.pillars.pods.codes import CODES
from ostiary.pillars.pods.standards import CONTROLS

PAGE = (Path(__file__).parents[3] / "docs" / "pods.md").read_text()


def test_every_code_has_its_heading_and_no_other_has() -> None:
    assert re.findall(r"^### (POD-\d{3})", PAGE, re.MULTILINE) == [code.code for code in CODES]
    for code in CODES:
        assert code.title in PAGE


def test_codes_are_stable() -> None:
    """A code is never given to something else: whoever changes this line breaks somebody's exceptions."""
    assert [code.code for code in CODES] == [f"POD-{number:03}" for number in range(1, len(CODES) + 1)]


def test_every_control_is_listed() -> None:
    assert [control.id for control in CONTROLS if f"`{control.id}`" not in PAGE] == []
