"""The list of signed-in admins, with their networks, and buttons that end their sessions, one's own included."""

from typing import ClassVar

from configurator.protocol.codes import CODES, Refused
from realtime.api.admin_sessions import EndedAnswer, EndRequest, SessionRow, SessionsAnswer
from ui.staff.area import Area
from ui.staff.service.names import ServiceNames
from ui.staff.table import Action, Cell, Column, Row, Table
from ui.theme import button, confirmed


class SessionsSection:
    """The sign-ins of admins."""

    name: ClassVar[str] = "sessions"

    def __init__(self, area: Area) -> None:
        self.area = area
        self.names = ServiceNames(self.area.words)
        with self.area.head:
            out = button(self.area.t("sessions.signOut"), self.sign_out)
            out.props("data-testid=sign-out")
            self.others = button(self.area.t("sessions.endOthers"), self.end_others)
            self.others.props("data-testid=end-others").visible = False
        columns = [
            Column("who", self.area.t("sessions.who")),
            Column("since", self.area.t("sessions.since"), whole=True),
            Column("used", self.area.t("sessions.used"), whole=True),
            Column("ends", self.area.t("sessions.ends"), whole=True),
            Column("where", self.area.t("sessions.where"), whole=True),
        ]
        self.table = Table(columns, rows_called="session", actions=self.area.t("sessions.end"))
        self.table.props("data-testid=sessions").on_act(lambda key, _: self.end(key))

    async def read(self) -> None:
        """Raises Refused."""
        found = (await self.area.api.get(SessionsAnswer, "sessions")).sessions
        self.table.show([self._row(each) for each in found])
        self.others.visible = any(not each.current for each in found)

    async def end(self, session: str) -> None:
        """End one session, after a question."""
        question = self.area.t("sessions.endSure")
        yes, no = self.area.t("sessions.end"), self.area.t("sessions.keep")
        if await confirmed(question, yes=yes, no=no):
            await self.area.act(lambda: self._end("sessions/end", EndRequest(id=session)))()

    async def end_others(self) -> None:
        """End all sessions but one's own, after a question."""
        question = self.area.t("sessions.endOthersSure")
        yes, no = self.area.t("sessions.endOthers"), self.area.t("sessions.keepOthers")
        if await confirmed(question, yes=yes, no=no):
            await self.area.act(lambda: self._end("sessions/end-others"))()

    async def sign_out(self) -> None:
        """End one's own session. The page ends with it, and says so."""
        await self.area.act(self._sign_out)()

    async def _sign_out(self) -> None:
        code = await self.area.frame.sign_out()
        if code is not None:
            raise Refused(code if code in CODES else "unavailable")

    async def _end(self, place: str, body: EndRequest | None = None) -> None:
        ended = (await self.area.api.post(EndedAnswer, place, body)).ended
        self.area.told.say(self.area.t("sessions.ended", n=self.area.words.number(ended)))
        self.area.frame.focus(self.area.title)

    def _row(self, session: SessionRow) -> Row:
        name = session.name or self.area.t("sessions.unnamed")
        mine = self.area.t("sessions.current") if session.current else ""
        device = self.names.device(session.user_agent) if session.user_agent else ""
        if not device and not session.network:
            device = self.area.t("sessions.program")
        cells: dict[str, Cell | str] = {
            "who": Cell(text=name, mark=mine, note=session.id),
            "since": self.area.words.minute(session.created_at),
            "used": self.area.words.minute(session.last_used_at),
            "ends": Cell(
                text=self.area.words.minute(session.ends_at),
                note=self.area.t("sessions.unlessUsed") if session.idle_minutes else "",
            ),
            "where": Cell(text=device, note=session.network or "", title=session.user_agent or ""),
        }
        end = Action(
            text=self.area.t("sessions.end"), name=self.area.t("sessions.endNamed", id=session.id)
        )
        return Row(key=session.id, cells=cells, actions={} if session.current else {"end": end})
