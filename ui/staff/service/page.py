"""`/admin/service`: its sections, and what everybody who runs the product must know at once."""

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from configurator.people.roles import Permission
from realtime.api.service.jobs import JobsAnswer
from storage.redis.activity.stops import Stop
from ui.staff.api import Api
from ui.staff.open_page import OpenPage
from ui.staff.page import StaffPage, StaffParts
from ui.staff.service.audit import AuditSection
from ui.staff.service.dead_letters import DeadLettersSection
from ui.staff.service.jobs import JobsSection
from ui.staff.service.ledger import LedgerSection
from ui.staff.service.names import ServiceNames
from ui.staff.service.privacy import PrivacySection
from ui.staff.service.sessions import SessionsSection
from ui.staff.table import Table
from ui.theme import COMPONENTS
from ui.words import Words

PATH: Final = "/admin/service"
STOP_SHOWN: Final = timedelta(minutes=10)
LOOP_RESTARTS: Final = 2
"""More restarts of workers than this in ten minutes are a loop (`storage.redis.activity.stops`)."""


def service_page(parts: StaffParts) -> StaffPage:
    """The page, of these sections."""
    return StaffPage(
        parts=parts,
        path=PATH,
        needs=Permission.RUN_SERVICE,
        named="service",
        opened=partial(
            OpenPage,
            named="service",
            sections=(
                DeadLettersSection,
                JobsSection,
                LedgerSection,
                AuditSection,
                PrivacySection,
                SessionsSection,
            ),
            pages=(("/admin", "live"), ("/admin/analytics", "analytics")),
            warnings=stopped_workers,
        ),
        elements=(*COMPONENTS, Table),
        title="NEST-Haus – Betrieb",
    )


def former_routes() -> list[Route]:
    """The address that the page had before; browsers keep the fragment."""

    async def moved(request: Request) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(PATH + query, 301)

    return [Route("/admin/operations", moved, methods=["GET"])]


async def stopped_workers(api: Api, words: Words) -> list[str]:
    """A sentence for each worker that ended by itself a short time ago, and one where that is a loop.

    Raises Refused.
    """
    jobs = await api.get(JobsAnswer, "jobs")
    said = [_stopped(each, words) for each in _fresh(jobs.stops or [], words.now())]
    if jobs.restarts > LOOP_RESTARTS:
        said.insert(0, words.t("service.looping", n=words.number(jobs.restarts)))
    return said


def _stopped(stop: Stop, words: Words) -> str:
    poison = stop.reason == "too_much_poison"
    return words.t(
        "service.stopped" if poison else "service.ended",
        node=stop.node,
        time=words.time(stop.at),
        unreadable=stop.unreadable,
        of_last=stop.of_last,
        what=ServiceNames(words).reason(stop.reason),
    )


def _fresh(stops: list[Stop], now: datetime) -> list[Stop]:
    """The newest stop of each worker, while it is fresh: one that is started again stops again."""
    fresh = [each for each in stops if now - each.at < STOP_SHOWN]
    return list({each.node: each for each in reversed(fresh)}.values())
