"""A terminal sees one line that changes; a log sees few lines."""

import io

from ostiary.sandbox.progress import Talk


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_gets_a_line_a_step_and_one_every_fifteen_seconds() -> None:
    stream = io.StringIO()
    talk = Talk(stream)
    for second in range(40):
        talk(f"building etcd; {second} packages", float(second))
    talk("building kubectl", 0)
    talk.close()
    assert stream.getvalue().splitlines() == [
        "building etcd; 0 packages",
        "building etcd; 15 packages, 15 s",
        "building etcd; 30 packages, 30 s",
        "building kubectl",
    ]


def test_a_terminal_gets_one_line_a_step() -> None:
    stream = Terminal()
    talk = Talk(stream)
    for second in range(40):
        talk(f"building etcd; {second} packages", float(second))
    talk("building kubectl", 0)
    talk.close()
    assert stream.getvalue().count("\n") == 2
    assert stream.getvalue().endswith("building kubectl\n")
