"""Many questions at once: one JSON object a line in, one a line out, in the same order.

``{"user", "groups", "verb", "apiGroup", "resource", "subresource", "name", "namespace", "path"}``; absent or null means empty. Everything is taken
literally, as an access review takes it: no group is added, no API group guessed. A ``path`` makes it a question about a path.

>>> read_question(b'{"user": "ann", "verb": "get", "resource": "pods"}', "line 1")[1]
Request(verb='get', resource='pods', api_group='', subresource='', name='', namespace='', path='', fields=())
"""

from collections.abc import Iterable, Iterator

import msgspec

from ostiary.core.errors import BadInput
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.decision import Answer
from ostiary.pillars.rbac.identity import Identity
from ostiary.pillars.rbac.request import Request

_SHAPE = '{"user", "groups", "verb", "apiGroup", "resource", "subresource", "name", "namespace", "path"}'


class _Line(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    user: str | None = None
    groups: tuple[str, ...] | None = None
    verb: str | None = None
    api_group: str | None = None
    resource: str | None = None
    subresource: str | None = None
    name: str | None = None
    namespace: str | None = None
    path: str | None = None


_decoder = msgspec.json.Decoder(_Line)
Question = tuple[Identity, Request]


def read_question(line: bytes, where: str) -> Question:
    """One question. BadInput names the line and the field."""
    try:
        said = _decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadInput(f"{where}: {error}", todo=f"a question is one line of {_SHAPE}") from None
    request = Request(
        verb=said.verb or "",
        resource=said.resource or "",
        api_group=said.api_group or "",
        subresource=said.subresource or "",
        name=said.name or "",
        namespace=said.namespace or "",
        path=said.path or "",
    )
    return Identity(said.user or "", said.groups or ()), request


def read_questions(lines: Iterable[bytes], name: str) -> Iterator[Question]:
    """Every question of a file; empty lines are none."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield read_question(line, f"{name}, line {number}")


def answers(authorizer: Authorizer, questions: Iterable[Question]) -> Iterator[Answer]:
    """The answers, in order. Equal questions are answered once."""
    known: dict[Question, Answer] = {}
    for question in questions:
        found = known.get(question)
        if found is None:
            found = known[question] = authorizer.decide(*question)
        yield found


def written(answer: Answer) -> bytes:
    """An answer as one line."""
    return msgspec.json.encode({"decision": str(answer.decision), "reason": answer.reason}) + b"\n"
