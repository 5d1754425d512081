"""Replay of a session: the log of its house and its interactions in order of time, in pages.

The domain carries out every op again (``realtime.activity.figures.replay``). A page begins where
the one before it ended: the cursor names the last version and the last interaction shown.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from configurator.activity.stored import Happening
from configurator.catalogue.model import Catalogue
from configurator.catalogue.selection import Choice, Selection
from configurator.operations.outcomes import Change
from configurator.operations.reasons import Reason
from configurator.people.roles import Permission
from configurator.pricing.pictures import preview_url
from configurator.pricing.price import total_cents
from configurator.protocol.codes import Refused
from realtime.activity.figures.query import (
    Word,
    asked_of,
    cursor_of,
    id_of,
    place_in,
    typed,
    unusable,
)
from realtime.activity.figures.replay import Difference, ReplayedOp, replay, reverted
from realtime.api.analytics.endpoints import ANALYTICS_PATH
from realtime.api.declared.marks import get
from realtime.edge.exchange import json
from realtime.rooms.catalogues import ParsedCatalogues
from storage.postgres.analytics.history import HouseHistory
from storage.postgres.analytics.visit import Visit
from storage.postgres.analytics.visits import PageEnd, Visits
from storage.postgres.configurations.configurations import Configurations
from storage.postgres.configurations.stored import StoredConfiguration

STEPS_MAX = 200
VERSION_MAX = 2**53


class ReplayedHouse(msgspec.Struct, frozen=True, kw_only=True):
    """The house at one version: its selection, its price, and its pictures by view."""

    version: int
    selection: dict[str, Choice]
    total_cents: int | None
    previews: dict[str, str]


class OpStep(msgspec.Struct, frozen=True, kw_only=True, tag="op"):
    """One op of the log and the house after it.

    ``by_visitor`` says that the person of the session is its author. ``recomputed_cents`` is the
    price that the domain computes now. ``verified`` says that outcome, changes, reasons and price
    are the same as those stored; otherwise ``differences`` names what differs.
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
    house: ReplayedHouse


class InteractionStep(msgspec.Struct, frozen=True, kw_only=True, tag="interaction"):
    """One interaction of the session."""

    at: datetime
    interaction: Happening


ReplayStep = OpStep | InteractionStep


class ReplayAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a replay.

    ``start`` is the house before the first step; null where the session has no house. ``gone`` is
    the number of interactions that are not steps, because they were deleted when their retention
    period ended. ``head_verified`` says on the last page whether the log ends with the house as it is
    stored; null on the pages before.
    """

    session: Visit
    gone: int
    start: ReplayedHouse | None
    steps: list[ReplayStep]
    verified: bool
    head_verified: bool | None
    next: str | None


class ReplayQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A page; ``cursor`` is the ``next`` of the page before."""

    cursor: Word | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=STEPS_MAX)] = 100


class ReplayEndpoints:
    """The endpoint of the replay."""

    def __init__(
        self,
        *,
        visits: Visits,
        configurations: Configurations,
        history: HouseHistory,
        catalogues: ParsedCatalogues,
    ) -> None:
        self._visits = visits
        self._configurations = configurations
        self._history = history
        self._catalogues = catalogues

    @get(
        f"{ANALYTICS_PATH}/sessions/{{id}}/replay",
        ReplayAnswer,
        look="sessions.look",
        query=[ReplayQuery],
        parameters={"id": UUID},
        codes=["query_unusable", "session_unknown", "unknown_catalogue"],
        needs=Permission.ANALYSE,
    )
    async def replay(self, request: Request) -> Response:
        """Replay a session in pages: each version of its house, with the interactions in between.

        Each op is carried out again, and its result is compared with the stored one.
        """
        asked = typed(asked_of(request, ReplayQuery), ReplayQuery)
        session_id = id_of(request.path_params["id"], "id")
        version, place = _cursor(asked.cursor)
        limit = asked.limit
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
        catalogue = await self._catalogues.get(stored.catalogue_id)
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
            person_id=visit.person_id,
        )


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a house's log that was read for one page."""

    head: StoredConfiguration
    catalogue: Catalogue
    start: Selection
    version: int
    ops: list[ReplayedOp]
    person_id: UUID | None

    def house(self, version: int, selection: Selection, total: int | None) -> ReplayedHouse:
        """The house at a version."""
        return ReplayedHouse(
            version=version,
            selection=selection.choices(),
            total_cents=total,
            previews={view.id: preview_url(view.id, selection) for view in self.catalogue.views},
        )

    def step(self, op: ReplayedOp) -> OpStep:
        """The step that shows this op."""
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
    cursor: tuple[int, PageEnd | None],
) -> ReplayAnswer:
    merged = list(_merged(log.ops if log else [], happened))
    page = merged[:limit]
    version, place = cursor
    steps: list[ReplayStep] = []
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


def _start(log: Log | None) -> ReplayedHouse | None:
    if log is None:
        return None
    return log.house(log.version, log.start, total_cents(log.catalogue, log.start))


def _merged(ops: list[ReplayedOp], happened: list[Happening]) -> Iterator[ReplayedOp | Happening]:
    """Ops and interactions in order of time; the ops always in the order of their versions."""
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


def _cursor(text: str | None) -> tuple[int, PageEnd | None]:
    if text is None:
        return 0, None
    version, _, place = text.partition("-")
    if not (version.isascii() and version.isdigit() and len(version) < 16):
        raise unusable("cursor", "is the `next` of the page before")
    return min(int(version), VERSION_MAX), place_in(place) if place else None
