"""The API attacked from its own OpenAPI document, over a socket: no server error, and no answer that the document does not describe."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from ostiary.server.settings import ApiSettings
from ostiary.server.signon.names import SignedIn
from ostiary.server.store.engine import opened, sqlite_url

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 4


@dataclass(frozen=True)
class Served:
    url: str
    secrets: dict[str, str]


@pytest.fixture
def served(tmp_path: Path, build: Callable[..., Any]) -> Iterator[Served]:
    """The API on a free port of the loopback interface, in a thread with a loop of its own."""
    ready, secrets = threading.Event(), {}
    port: list[int] = []
    servers: list[uvicorn.Server] = []

    async def serve() -> None:
        async with opened(sqlite_url(tmp_path / "store.db")) as store:
            plane, people, _, app = build(store, tmp_path, ApiSettings(requests_per_second=100_000, burst=1_000_000))
            plane.ready = lambda: ""
            for who in (SignedIn("alice", ("dev",)), SignedIn("root", (), True)):
                secrets[who.person] = (await people.kept.begin(who, "password", datetime.now(UTC))).secret
            server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None, ws="none"))
            servers.append(server)
            serving = asyncio.create_task(server.serve())
            while not server.started:  # noqa: ASYNC110 # uvicorn has no event for it
                await asyncio.sleep(0.01)
            port.append(server.servers[0].sockets[0].getsockname()[1])
            ready.set()
            await serving

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(30)
    yield Served(f"http://127.0.0.1:{port[0]}", secrets)
    servers[0].should_exit = True
    thread.join(20)


@pytest.mark.parametrize("person", ["alice", "root"])
def test_no_request_breaks_the_api(served: Served, person: str) -> None:
    schema = schemathesis.openapi.from_url(f"{served.url}/v1/openapi.json")
    headers = {"Authorization": f"Bearer {served.secrets[person]}"}
    tried, broken = 0, []
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if _left_out(operation.method, operation.path):
            continue

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def attack(case: Case[Any]) -> None:
            response = case.call(headers=headers)
            case.validate_response(response, checks=CHECKS)

        try:
            attack()
        except FailureGroup as failures:
            broken.append(str(failures))
        tried += 1
    assert not broken, "\n".join(broken)
    assert tried >= 25


def _left_out(method: str, path: str) -> bool:
    """Ending the session that attacks ends the attack; pages are for browsers; clusters that can be added need API servers. All are tried elsewhere."""
    if path.startswith("/v1/clusters") and method.upper() != "GET" and not path.endswith("/token"):
        return True
    return (method.upper(), path) in {("POST", "/v1/logout"), ("DELETE", "/v1/sessions/{session}")} or "/page" in path
