"""Real API servers with ostiary's installation on them: one that limits impersonation by request, one of the version before the newest, one that does not."""

import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest
from tests.server.clusters.behind import ROLES, Behind, access_of, as_token

from ostiary.adapters.kubernetes.client import Client
from ostiary.model.access import CONTROLLER_ACCOUNT, GATEWAY_ACCOUNT
from ostiary.pillars.access.objects import target
from ostiary.sandbox import RunningCluster, SandboxOptions, up
from ostiary.sandbox.cannot import CannotRun
from ostiary.sandbox.pytest_plugin import cannot_run
from ostiary.server.clusters.install import install, intend
from ostiary.server.clusters.standing import standing
from ostiary.server.clusters.tokens import CONTROLLER_SECONDS, GATEWAY_SECONDS, request_token

KINDS = {
    "1.37": SandboxOptions(name="access-37", kubernetes_version="1.37"),
    "1.36": SandboxOptions(name="access-36", kubernetes_version="1.36"),
    "old-impersonation": SandboxOptions(name="access-old", feature_gates={"ConstrainedImpersonation": False}),
}


@pytest.fixture(scope="session", params=list(KINDS))
def real(request: pytest.FixtureRequest) -> Iterator[RunningCluster]:
    options = KINDS[request.param]
    named = SandboxOptions(
        name=f"{options.name}-{os.getpid()}",
        kubernetes_version=options.kubernetes_version,
        feature_gates=options.feature_gates,
        owner_pid=os.getpid(),
    )
    try:
        cluster = up(named)
    except CannotRun as error:
        cannot_run(error.happened)
    yield cluster
    cluster.down()


@pytest.fixture
async def behind(real: RunningCluster) -> AsyncIterator[Behind]:
    """The installation, taken over from the test before where there was one."""
    access, now = access_of(real), datetime.now(UTC)
    async with Client(access) as admin:
        intended = await intend(admin, ROLES, (), take_over=True)
        await install(admin, intended)
        for one in await standing(admin, thorough=True):
            await admin.delete(target(one.kind, one.name, one.namespace))
        controller_token = await request_token(admin, CONTROLLER_ACCOUNT, CONTROLLER_SECONDS, now)
        async with as_token(access, controller_token.text) as controller:
            gateway_token = await request_token(controller, GATEWAY_ACCOUNT, GATEWAY_SECONDS, now)
            async with as_token(access, gateway_token.text) as gateway:
                yield Behind(real, admin, controller, gateway, intended)
