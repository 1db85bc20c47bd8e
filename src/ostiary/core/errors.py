"""Errors that mean "cannot go on".

Expected outcomes are values (a Finding, a Refutation, an Unknown); an exception says what was tried, what happened and what to do.
The command line prints it and exits with its ``exit_code``; nobody sees a traceback. Nothing secret belongs in a message.

>>> str(Unreachable("cannot list pods: connection refused", todo="is the API server up? try: kubectl version"))
'cannot list pods: connection refused\\n  is the API server up? try: kubectl version'
"""


class OstiaryError(Exception):
    """Something that a person has to act on: one sentence of what happened, and what to do next."""

    exit_code = 2

    def __init__(self, happened: str, *, todo: str = "") -> None:
        super().__init__(happened)
        self.happened = happened
        self.todo = todo

    def __str__(self) -> str:
        return f"{self.happened}\n  {self.todo}" if self.todo else self.happened


class BadInput(OstiaryError):
    """A file, argument or object that says what it cannot mean; the message names file, object and field."""

    exit_code = 2


class Unreachable(OstiaryError):
    """Something outside that did not answer, or refused: an API server, an engine, a disk."""

    exit_code = 3


class Refused(OstiaryError):
    """What was asked for is not done, because a precondition does not hold: a stale plan, a change that is not proved."""

    exit_code = 1
