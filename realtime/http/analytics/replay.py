"""Replay of a session: the log of its house and its interactions, in the order of time, by page.

Every op is carried out again by the domain (``realtime.replay``). A page begins where the one
before it ended: its cursor names the last version and the last interaction that were shown.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from configurator.catalogue import Catalogue
from configurator.derived import PreviewUrl
from configurator.operations import Change, Reason
from configurator.pricing import total_cents
from configurator.protocol.codes import Refused
from configurator.selection import Choice, Selection
from realtime.catalogues import CatalogueShelf
from realtime.http.analytics.endpoints import ANALYTICS_PATH
from realtime.http.analytics.query import (
    asked_of,
    cursor_of,
    id_of,
    number_of,
    place_in,
    unusable,
)
from realtime.http.edge import json
from realtime.http.endpoints import UUID_TEXT, Endpoint, whole
from realtime.replay import Difference, ReplayedOp, replay, reverted
from storage.postgres.analytics.history import History
from storage.postgres.analytics.visits import Happening, Place, Visit, Visits
from storage.postgres.configurations import Configurations, StoredConfiguration

STEPS_MAX = 200
VERSION_MAX = 2**53


class House(msgspec.Struct, frozen=True, kw_only=True):
    """What the house is at a version, what it costs, and its pictures by view."""

    version: int
    selection: dict[str, Choice]
    total_cents: int | None
    previews: dict[str, str]


class OpStep(msgspec.Struct, frozen=True, kw_only=True, tag="op"):
    """One op of the log and the house after it.

    ``by_visitor``: by the person of the session. ``recomputed_cents``: what the domain says the
    house costs. ``verified``: outcome, changes, reasons and price come out the same again;
    otherwise ``differences`` says what does not.
    """

    at: datetime
    author: str
    by_visitor: bool
    operation: dict[str, object]
    outcome: str
    changes: list[Change]
    reasons: list[Reason]
    stored_cents: int | None
    recomputed_cents: int | None
    verified: bool
    differences: list[Annotated[Difference, msgspec.Meta(title="Difference")]]
    house: House


class InteractionStep(msgspec.Struct, frozen=True, kw_only=True, tag="interaction"):
    """One interaction of the session."""

    at: datetime
    interaction: Happening


Step = OpStep | InteractionStep


class ReplayAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a replay.

    ``start`` is the house before the first step; null where the session has none. ``gone``: so many
    of its interactions are kept no more, and are no steps. ``head_verified`` is null before the last page: whether the log ends with the house as it is stored.
    """

    session: Visit
    gone: int
    start: House | None
    steps: list[Step]
    verified: bool
    head_verified: bool | None
    next: str | None


class ReplayEndpoints:
    """The handler."""

    def __init__(
        self,
        *,
        visits: Visits,
        configurations: Configurations,
        history: History,
        shelf: CatalogueShelf,
        preview_url: PreviewUrl,
    ) -> None:
        self._visits = visits
        self._configurations = configurations
        self._history = history
        self._shelf = shelf
        self._preview_url = preview_url

    def endpoints(self) -> list[Endpoint]:
        """Every endpoint of this module."""
        return [
            Endpoint(
                method="GET",
                path=f"{ANALYTICS_PATH}/sessions/{{id}}/replay",
                look="sessions.look",
                handler=self.replay,
                summary="The house of a session version by version with its interactions beside "
                "it, every op carried out again and compared with what is stored; by page",
                query=("cursor", "limit"),
                parameters={"id": UUID_TEXT, "limit": whole(1, STEPS_MAX)},
                answer=ReplayAnswer,
                codes=(
                    "query_unusable",
                    "session_unknown",
                    "unknown_catalogue",
                    "unavailable",
                ),
                tags=("analytics",),
                admins=True,
            )
        ]

    async def replay(self, request: Request) -> Response:
        """``GET /api/admin/analytics/sessions/{id}/replay``."""
        asked = asked_of(request, ("cursor", "limit"))
        session_id = id_of(request.path_params["id"], "id")
        version, place = _cursor(asked.get("cursor"))
        limit = number_of(asked, "limit", default=100, low=1, high=STEPS_MAX)
        visit = await self._visits.get(session_id)
        if visit is None:
            raise Refused("session_unknown")
        happened = await self._visits.happened(session_id, after=place, limit=limit + 1)
        log = await self._log(visit, version, limit + 1)
        gone = await self._visits.gone(session_id)
        return json(_page(visit, log, happened, gone=gone, limit=limit, cursor=(version, place)))

    async def _log(self, visit: Visit, version: int, limit: int) -> "Log | None":
        if visit.configuration_id is None:
            return None
        found = await self._configurations.load_with_operations(
            visit.configuration_id, version, limit
        )
        if found is None or version > found[0].version:
            return None
        stored, ops = found
        catalogue = await self._shelf.get(stored.catalogue_id)
        earlier = await self._history.before(stored.id, version)
        start = _overlaid(stored.selection, earlier)
        wanted = {back for op in ops if (back := reverted(op)) is not None}
        changes = await self._history.changes(stored.id, wanted) if wanted else {}
        taken_back = {
            version: msgspec.convert(each, list[Change]) for version, each in changes.items()
        }
        return Log(
            head=stored,
            catalogue=catalogue,
            start=start,
            version=version,
            ops=list(replay(catalogue, start, ops, taken_back)),
            preview_url=self._preview_url,
            person_id=visit.person_id,
        )


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """What was read of the log of a house."""

    head: StoredConfiguration
    catalogue: Catalogue
    start: Selection
    version: int
    ops: list[ReplayedOp]
    preview_url: Callable[[str, Catalogue, Selection], str]
    person_id: UUID | None

    def house(self, version: int, selection: Selection, total: int | None) -> House:
        """The house at a version."""
        views = self.catalogue.views
        return House(
            version=version,
            selection=selection.choices(),
            total_cents=total,
            previews={v.id: self.preview_url(v.id, self.catalogue, selection) for v in views},
        )

    def step(self, op: ReplayedOp) -> OpStep:
        """An op as it is shown."""
        stored = op.stored
        return OpStep(
            at=stored.committed_at,
            author=stored.author_name,
            by_visitor=stored.person_id == self.person_id,
            operation=stored.operation,
            outcome=stored.outcome,
            changes=msgspec.convert(stored.changes, list[Change]),
            reasons=msgspec.convert(stored.reasons, list[Reason]),
            stored_cents=stored.total_cents,
            recomputed_cents=op.recomputed_cents,
            verified=not op.differences,
            differences=list(op.differences),
            house=self.house(stored.version or 0, op.selection, stored.total_cents),
        )


def _page(
    visit: Visit,
    log: Log | None,
    happened: list[Happening],
    *,
    gone: int,
    limit: int,
    cursor: tuple[int, Place | None],
) -> ReplayAnswer:
    merged = list(_merged(log.ops if log else [], happened))
    page = merged[:limit]
    version, place = cursor
    steps: list[Step] = []
    for each in page:
        if isinstance(each, Happening):
            place = (each.occurred_at, each.event_id)
            steps.append(InteractionStep(at=each.occurred_at, interaction=each))
        elif log is not None:
            version = each.stored.version or version
            steps.append(log.step(each))
    last = len(merged) <= limit
    return ReplayAnswer(
        session=visit,
        gone=gone,
        start=_start(log),
        steps=steps,
        verified=all(step.verified for step in steps if isinstance(step, OpStep)),
        head_verified=_ends_as_stored(log) if last and log else None,
        next=None if last else f"{version}-{cursor_of(place) if place else ''}",
    )


def _start(log: Log | None) -> House | None:
    if log is None:
        return None
    return log.house(log.version, log.start, total_cents(log.catalogue, log.start))


def _merged(ops: list[ReplayedOp], happened: list[Happening]) -> Iterator[ReplayedOp | Happening]:
    """Both in the order of time; the ops among themselves always in that of their versions."""
    waiting = iter(happened)
    following = next(waiting, None)
    for op in ops:
        while following is not None and following.occurred_at <= op.stored.committed_at:
            yield following
            following = next(waiting, None)
        yield op
    if following is not None:
        yield following
    yield from waiting


def _ends_as_stored(log: Log) -> bool:
    reached = log.ops[-1].selection if log.ops else log.start
    version = (log.ops[-1].stored.version if log.ops else log.version) or 0
    stored = Selection(msgspec.convert(log.head.selection, dict[str, Choice]))
    same = reached == stored and version == log.head.version
    return same and total_cents(log.catalogue, reached) == log.head.total_cents


def _overlaid(selection: object, earlier: dict[str, dict[str, object] | None]) -> Selection:
    choices = msgspec.convert(selection, dict[str, Choice])
    for category, before in earlier.items():
        choices.pop(category, None)
        if before is not None:
            choices[category] = msgspec.convert(before, Choice)
    return Selection(choices)


def _cursor(text: str | None) -> tuple[int, Place | None]:
    if text is None:
        return 0, None
    version, _, place = text.partition("-")
    if not (version.isascii() and version.isdigit() and len(version) < 16):
        raise unusable("cursor", "is the `next` of the page before")
    return min(int(version), VERSION_MAX), place_in(place) if place else None
