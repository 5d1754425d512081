"""An endpoint that needs a permission is for staff whose role has it, and for nobody else."""

import httpx
import pytest
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from configurator.people.roles import Permission, Role
from realtime.api.declared.endpoints import Endpoint, actor
from realtime.edge.exchange import json
from realtime.people.auth import ADMIN
from realtime.people.principal import Staff
from tests.support.described import endpoints_alone


async def asked(needs: Permission, staff: Staff | None) -> httpx.Response:
    """The answer to this staff of an endpoint that tells who asks."""

    async def handler(request: Request) -> Response:
        return json({"actor": actor(request).name})

    async def staff_of(_connection: HTTPConnection) -> Staff | None:
        return staff

    endpoint = Endpoint(
        method="GET",
        path="/api/admin/something",
        handler=handler,
        summary="Something for staff.",
        answer=dict[str, str],
        needs=needs,
    )
    with endpoints_alone([endpoint], staff_of) as app:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get("/api/admin/something")


@pytest.mark.parametrize("needs", Permission)
@pytest.mark.parametrize("role", Role)
async def test_staff_need_the_permission(role: Role, needs: Permission) -> None:
    staff = Staff(person=ADMIN, role=role, session_sha256=b"session", called="Anna")

    answer = await asked(needs, staff)

    if role.may(needs):
        assert answer.json() == {"actor": "Anna"}
    else:
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "admins_only")


@pytest.mark.parametrize("needs", Permission)
async def test_nobody_else_is_let_in(needs: Permission) -> None:
    answer = await asked(needs, None)

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "admins_only")
