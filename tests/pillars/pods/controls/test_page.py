"""The page says what the table says, and every code of a finding is described somewhere."""

from pathlib import Path

from tests.pillars.pods.controls.page import PAGE, rendered

from ostiary.pillars.pods.admission import asked, standing, webhooks


def test_the_page_is_the_table() -> None:
    assert PAGE.read_text() == rendered(), "write it anew: python -m tests.pillars.pods.controls.page"


def test_every_code_about_admission_is_described() -> None:
    text = (Path(PAGE).parent / "admission.md").read_text()
    titles = [(one.code, one.title) for one in webhooks.EVERY]
    titles += [(one.code, one.title) for one in standing.EVERY]
    titles += [(one.code, one.title) for one in asked.EVERY]
    rows = [f"| {code} | {title} |" for code, title in titles]
    assert [row for row in rows if row not in text] == []
