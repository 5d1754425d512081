"""The screens on the live configuration in memory, with the few endpoints that they call."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from app.sdk import sdk_files
from configurator.preview.scene.keys import parse_path
from configurator.preview.svg.rendering import render
from realtime.people import auth
from realtime.people.principal import Staff
from storage.errors import StorageUnavailable
from storage.postgres.deployment import History
from tests.configurator.nest_haus import CATALOGUE
from tests.ui.double.product import House
from tests.ui.double.world import World
from ui.app import mount_screens
from ui.ports import Browser, ConsentMode, Visitors
from ui.public.offer import OfferedCatalogue

LINK = "01a20744-02b1-7a44-8c1f-3e9d2b7f5a61"
GUEST = {"id": "01a20744-1c02-7d0e-9f55-6b1d7a4c2e90", "name": "Bert-Maria Thaler-Hinterholzer"}
OWNER = {"id": "01a20743-a08d-7b72-a25f-d04cfc4e2365", "name": "Anna Leitner"}
ACCESS: dict[str, Any] = {
    "links": [
        {
            "id": LINK,
            "role": "editor",
            "made_by": OWNER,
            "made_at": "2026-11-29T15:40:12Z",
            "until": "2026-12-06T15:40:12Z",
            "uses": 1,
            "uses_max": 3,
            "uses_left": 2,
            "used_by": [GUEST],
        }
    ],
    "link_count": 1,
    "participants": [
        {
            **OWNER,
            "colour": 5,
            "role": "owner",
            "since": "2026-11-29T15:31:02Z",
            "link": None,
            "here": True,
            "seen_at": None,
        },
        {
            **GUEST,
            "colour": 2,
            "role": "editor",
            "since": "2026-11-29T15:42:30Z",
            "link": LINK,
            "here": False,
            "seen_at": "2026-11-29T15:52:30Z",
        },
    ],
    "participant_count": 2,
}


async def access(_request: Request) -> Response:
    """The people with access to any house."""
    return JSONResponse(ACCESS)


async def history_of(world: World) -> History:
    if world.history is None:
        raise StorageUnavailable("PostgreSQL does not answer", 2.0)
    return world.history


def build_app(world: World, *, dev: bool = False, consent: ConsentMode = "assumed") -> Starlette:
    """The screens on a Starlette app with the few endpoints they call."""

    async def start(request: Request) -> Response:
        del request
        house = world.house(f"NEU{len(world.houses)}")
        response = RedirectResponse(f"/c/{house.code}", 303)
        response.set_cookie("person", "Neu")
        return response

    async def track(request: Request) -> Response:
        if world.track_answers:
            return Response(status_code=world.track_answers.pop(0), headers={"Retry-After": "0"})
        return JSONResponse(world.take(await request.json()))

    async def share(request: Request) -> Response:
        del request
        return JSONResponse({"url": "/join#0123456789abcdef0123456789abcdef"}, 201)

    async def redeem(request: Request) -> Response:
        body = await request.json()
        if body["token"] != "0123456789abcdef0123456789abcdef":
            message = {"de": "Diese Einladung gilt nicht mehr.", "en": "No longer valid."}
            return JSONResponse({"error": {"code": "invitation_unusable", "message": message}}, 410)
        response = JSONResponse({"code": "HANG"})
        response.set_cookie("person", "Gast Ahorn")
        return response

    async def inquire(request: Request) -> Response:
        body = await request.json()
        house = next(h for h in world.houses.values() if h.id == request.path_params["id"])
        return JSONResponse(*inquire_once(world, house, body))

    async def inquired(request: Request) -> Response:
        own = [answer for house, answer in world.answers if house == request.path_params["id"]]
        return JSONResponse({"inquiries": own[::-1]})

    async def picture(request: Request) -> Response:
        return Response(render(parse_path(request.path_params["path"])), media_type="image/svg+xml")

    app = Starlette(
        routes=[
            Route("/start", start, methods=["POST"]),
            Route("/api/sessions/track-interactions", track, methods=["POST"]),
            Route("/api/configurations/{id}/share-links", share, methods=["POST"]),
            Route("/api/configurations/{id}/access", access, methods=["GET"]),
            Route("/api/share-links/redeem", redeem, methods=["POST"]),
            Route("/api/configurations/{id}/inquiries", inquire, methods=["POST"]),
            Route("/api/configurations/{id}/inquiries", inquired, methods=["GET"]),
            Route("/preview/{path:path}.svg", picture),
        ]
    )
    mount_screens(
        app,
        live=world,
        catalogue_source=OfferedCatalogue(CATALOGUE),
        admin_source=world,
        admin_api=world.admin_api,
        shared_api=world.shared_api,
        now=lambda: datetime.now(UTC),
        visitors=Visitors(
            person_token_of=lambda request: request.cookies.get("person"),
            admin_token_of=lambda request: request.cookies.get("admin"),
            browser_of=browser_of,
            forget_person=lambda _request, answer: answer.delete_cookie("person"),
            house_code_of=house_of,
            admin_of=admin_of,
            looked=looked,
            was_admin=was_admin,
            sessions=SessionsHeld(),
            history=partial(history_of, world),
            seen=lambda _page, _request: None,
        ),
        count_dropped=world.count_dropped,
        dev=dev,
        origins=None,
        consent=consent,
        sdk=sdk_files(),
    )
    return app


def inquire_once(world: World, house: House, body: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """The answer to an inquiry, and its status; the same id again gives the same answer."""
    for _, answer in world.answers:
        if answer["inquiry_id"] == body["inquiry_id"]:
            return answer, 201
    if body["version"] != house.version:
        message = {"de": "Das Haus hat sich gerade geändert.", "en": "It has just changed."}
        return {"error": {"code": "house_changed", "message": message}}, 409
    world.inquiries.append(body)
    answer = {
        "inquiry_id": body["inquiry_id"],
        "reference": f"N-2026-{41 + len(world.inquiries):04d}",
        "at": datetime.now(UTC).isoformat(),
        "total_cents": house.total_cents(),
        "version": house.version,
    }
    world.answers.append((house.id, answer))
    return answer, 201


async def browser_of(request: Request) -> Browser:
    shown = request.cookies.get("person", "")
    return Browser(person="" if shown == "dead" else shown, ended=shown == "dead")


async def house_of(request: Request) -> str | None:
    """The latest house of somebody who was here before."""
    return "HANG" if request.cookies.get("person") else None


class SessionsHeld:
    """Sessions of admins that never end."""

    def hold(self, session_sha256: bytes, ended: Callable[[], None]) -> None:
        del session_sha256, ended

    def release(self, session_sha256: bytes, ended: Callable[[], None]) -> None:
        del session_sha256, ended


async def admin_of(request: Request) -> Staff | None:
    """Whether this is an admin."""
    return auth.admin_of(b"the session") if request.cookies.get("admin") == "yes" else None


async def looked(request: Request, admin: Staff) -> None:
    """Record nothing: there is no audit."""
    del request, admin


async def was_admin(request: Request) -> bool:
    """Whether this was an admin."""
    return request.cookies.get("admin") == "over"
