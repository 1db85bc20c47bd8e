"""Audit events as an API server writes them, with whatever a test wants different."""

import json
from typing import Any

ACCOUNT = "system:serviceaccount:shop:web"
GROUPS = ("system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated")
Event = dict[str, Any]


def event(number: int = 1, *, when: str = "2026-11-01T10:00:00.000000Z", pod: str = "pod-1", **changes: Any) -> Event:
    """``get pods/web`` by a service account, allowed; a change to None takes the field away."""
    made: Event = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": f"id-{number}",
        "stage": "ResponseComplete",
        "requestURI": "/api/v1/namespaces/shop/pods/web",
        "verb": "get",
        "user": user(pod=pod),
        "sourceIPs": ["10.0.0.1"],
        "objectRef": {"resource": "pods", "namespace": "shop", "name": "web", "apiVersion": "v1"},
        "responseStatus": {"metadata": {}, "code": 200},
        "requestReceivedTimestamp": when,
        "stageTimestamp": when,
        "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""},
    }
    made |= changes
    return {key: value for key, value in made.items() if value is not None}


def user(name: str = ACCOUNT, groups: tuple[str, ...] = GROUPS, pod: str = "pod-1") -> Event:
    """Who asks; ``pod`` empty: a credential that names none."""
    extra = {"authentication.kubernetes.io/pod-uid": [pod], "authentication.kubernetes.io/credential-id": ["JTI=1"]}
    return {"username": name, "uid": "u1", "groups": list(groups)} | ({"extra": extra} if pod else {})


def on(verb: str, resource: str, **ref: str) -> Event:
    """The parts of an event that say what is asked for."""
    parts = [ref.get("name", ""), ref.get("subresource", "")]
    address = "/".join(
        part for part in (f"/apis/{ref.get('apiGroup', '')}/v1", ref.get("namespace", ""), resource, *parts) if part
    )
    return {"verb": verb, "requestURI": address, "objectRef": {"resource": resource, **ref}}


def lines(*events: Event) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in events)
