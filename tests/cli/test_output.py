"""What is printed cannot move a cursor, whoever chose the names in it."""

import pytest

from ostiary.cli.output import answer, safe, say, table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Group sre", "Group sre"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("ann\x1b[2Jeve", "ann\\x1b[2Jeve"),
        ("a\rb\x00\x7f", "a\\rb\\x00\\x7f"),
        ("left\u202eright", "left\\u202eright"),
        ("Ünïcode", "Ünïcode"),
    ],
)
def test_control_characters_are_written_out(text: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert safe(text) == shown
    answer(text)
    say(text)
    assert capsys.readouterr() == (f"{shown}\n", f"{shown}\n")


def test_cells_of_tables_too(capsys: pytest.CaptureFixture[str]) -> None:
    table(("WHO", "WHAT"), [("ann\x1b[1A", "a\nb")])
    assert capsys.readouterr().out == "WHO         WHAT\nann\\x1b[1A  a; b\n"
