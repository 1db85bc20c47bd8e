"""What keeper and supervisor report to the command that waits for a cluster: one JSON object a line.

``kind`` is ``step``, ``ready`` or ``failed``; ``because`` names the error's class, so that a mistake of the caller's stays one.

>>> message("step", "starting etcd")
b'{"kind": "step", "text": "starting etcd", "todo": "", "because": ""}\\n'
"""

import json


def message(kind: str, text: str, todo: str = "", because: str = "") -> bytes:
    """One report as a line."""
    return json.dumps({"kind": kind, "text": text, "todo": todo, "because": because}).encode() + b"\n"


def parse(line: bytes) -> dict[str, str]:
    """A line as it was reported."""
    value: dict[str, str] = json.loads(line)
    return value
