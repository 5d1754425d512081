"""The connection, the queue of ops, and the clock."""

import asyncio
import json
import os
import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from tests.support.wrong_client.house import House
from tests.support.wrong_client.mistake import MISTAKE, Json, say, wrong

ANSWER_SECONDS = 10
QUEUED_MAX = 1000
LONG_SECONDS = 15
FINAL_CLOSES = range(4001, 4008)
KNOWN = {"snapshot", "ops", "op", "outcome", "error", "position", "presence", "left", "welcome"}


@dataclass
class Asked:
    operation: Json
    op_id: str = field(default_factory=lambda: str(uuid4()))
    flying: bool = False
    send_at: float = 0.0
    tries: int = 0
    epoch: str = ""
    base_version: int = 0


class Client:
    def __init__(self) -> None:
        self.url = os.environ["NEST_URL"].replace("http", "ws", 1) + "/ws"
        self.token = os.environ["NEST_TOKEN"]
        self.house = House()
        self.queue: list[Asked] = []
        self.answered: list[Asked] = []
        self.socket: ClientConnection | None = None
        self.configuration = os.environ["NEST_CODE"]
        self.house_id: str | None = None
        self.joined = False
        self.joining_since = 0.0
        self.join_at: float | None = None
        self.away_until = 0.0
        self.tries = 0
        self.ready = False
        self.over = False

    # ---- the connection

    async def stay(self) -> None:
        url = f"{self.url}?token={self.token}" if wrong("token_in_address") else self.url
        while not self.over:
            closed = None
            with suppress(OSError, WebSocketException):
                async with connect(url, compression=None, ping_timeout=10) as socket:
                    self.socket = socket
                    try:
                        await self.converse(socket)
                    except ConnectionClosed as ended:
                        closed = ended.rcvd.code if ended.rcvd else 1006
            self.lost()
            if closed in FINAL_CLOSES and not wrong("final_close_ignored"):
                self.over = True
            if closed not in {None, 1006} and wrong("resumable_close_is_final"):
                self.over = True
            if closed in {4011, 4029} and wrong("flooding_is_final"):
                self.over = True
            if not wrong("no_backoff"):
                told = 0 if wrong("goodbye_forgotten") else self.away_until - time.monotonic()
                backoff = random.random() * min(30, 0.5 * 2**self.tries)
                if wrong("away_for_long") and self.tries:
                    backoff = LONG_SECONDS
                await asyncio.sleep(max(0, told) + backoff)
            self.tries += 1

    async def converse(self, socket: ClientConnection) -> None:
        if wrong("join_before_hello"):
            await self.join()
        await self.send(type="hello", protocol=1, token=self.token)
        while True:
            text = await socket.recv(decode=False)
            frame = json.loads(text.decode("latin-1" if wrong("latin_1") else "utf-8"))
            if wrong("unknown_type_is_fatal") and frame["type"] not in KNOWN:
                os._exit(3)
            if wrong("unknown_field_is_fatal") and "mood" in frame:
                os._exit(3)
            await self.take(frame)
            await self.pump()

    def lost(self) -> None:
        self.socket, self.joined, self.joining_since = None, False, 0.0
        self.join_at = None
        if wrong("queue_lost_with_line"):
            self.queue.clear()
        if wrong("all_sent_again"):
            self.queue = [*self.answered, *self.queue]
            self.answered = []
        if wrong("under_way_goes_last"):
            self.queue.sort(key=lambda each: each.flying)
        for each in self.queue:
            each.flying = False
            if wrong("pause_lost_with_line"):
                each.send_at = 0.0

    async def send(self, **message: object) -> None:
        if self.socket is not None:
            with suppress(OSError, WebSocketException):
                await self.socket.send(json.dumps(message, ensure_ascii=False))

    async def join(self) -> None:
        asked: Json = {"type": "join", "id": "join", "configuration": self.configuration}
        if self.house.known and not wrong("since_missing"):
            ahead = {"since_one_less": -1, "since_one_more": 1}.get(MISTAKE, 0)
            version = max(0, self.house.version + ahead)
            asked["since"] = {"epoch": self.house.epoch, "version": version}
        self.joined, self.joining_since, self.join_at = False, time.monotonic(), None
        await self.send(**asked)

    # ---- what the server says

    async def take(self, frame: Json) -> None:  # noqa: C901, PLR0912 - one case for each type
        if self.is_of_another_house(frame) and not wrong("another_house_applied"):
            return
        match frame["type"]:
            case "welcome":
                self.tries = 0
                await self.join()
            case "snapshot":
                if wrong("queue_lost_with_snapshot"):
                    self.queue.clear()
                another = self.house.known and frame["epoch"] != self.house.epoch
                if another and wrong("queue_lost_with_epoch"):
                    self.refuse_all("another_epoch")
                if frame.get("re") is not None or not wrong("only_asked_snapshots"):
                    self.house.replace(frame)
            case "op":
                await self.take_ops([frame])
            case "ops" if frame.get("re") is None and wrong("only_asked_ops"):
                pass
            case "ops":
                ops = frame["ops"][-1:] if wrong("last_of_ops_only") else frame["ops"]
                if wrong("last_of_ops_only") and ops:
                    self.house.version = ops[0]["version"] - 1
                await self.take_ops(ops)
            case "position":
                await self.position(frame)
            case "outcome":
                if wrong("total_of_outcome"):
                    self.house.total_cents = frame["total_cents"]
                self.outcome(frame)
            case "left":
                if frame.get("code") and not wrong("left_ignored"):
                    self.over = True
                    self.refuse_all(frame["code"])
            case "error":
                self.error(frame)
            case _:
                pass
        if frame.get("re") == "join" and frame["type"] in {"snapshot", "ops"}:
            self.joined, self.joining_since = True, 0.0
            if not self.ready:
                self.ready = True
                say(ready=True)

    def is_of_another_house(self, frame: Json) -> bool:
        if not self.house.known:
            self.house_id = frame.get("configuration")
        return "configuration" in frame and frame["configuration"] != self.house_id

    async def take_ops(self, ops: list[Json]) -> None:
        for op in ops:
            if wrong("outcome_of_anybodys_op") and self.queue and self.queue[0].flying:
                asked = self.queue.pop(0)
                say(outcome={**op, "op_id": asked.op_id})
            if not self.house.apply(op) and not wrong("gap_ignored"):
                if not self.joining_since:
                    await self.join()
                return

    async def position(self, frame: Json) -> None:
        if wrong("position_is_a_version"):
            self.house.version = max(self.house.version, frame["version"])
        another = frame["epoch"] != self.house.epoch and not wrong("position_without_epoch")
        ahead = another or frame["version"] > self.house.version
        if wrong("position_ignored") or self.joining_since:
            return
        if ahead:
            await self.join()

    def outcome(self, frame: Json) -> None:
        if wrong("repeated_ignored") and frame.get("repeated"):
            return
        asked = next((each for each in self.queue if each.op_id == frame["op_id"]), None)
        if asked is None:
            if wrong("second_outcome_told"):
                say(outcome=frame)
            return
        if wrong("rejected_tried_again") and frame["outcome"] == "rejected" and asked.tries < 2:
            asked.flying = False
            return
        self.queue.remove(asked)
        self.answered.append(asked)
        if wrong("version_of_outcome") and frame["outcome"] in {"committed", "adjusted"}:
            self.house.version += 1
        if wrong("total_of_conflict") and frame["outcome"] in {"rejected", "conflict"}:
            self.house.total_cents = (self.house.total_cents or 0) + 100
        silent = {"rejected_silent": "rejected", "conflict_silent": "conflict"}.get(MISTAKE)
        if frame["outcome"] == silent:
            return
        if wrong("adjusted_told_as_committed") and frame["outcome"] == "adjusted":
            frame = {**frame, "outcome": "committed", "reasons": []}
        for _ in range(2 if wrong("outcome_told_twice") else 1):
            say(outcome=frame)

    def error(self, frame: Json) -> None:
        later = time.monotonic() + frame.get("retry_after_ms", 0) / 1000
        if frame.get("re") == "join" and frame.get("retryable"):
            self.joining_since = 0.0
            if not wrong("join_refused_for_ever"):
                self.join_at = time.monotonic() if wrong("join_refused_hurried") else later
        elif frame.get("re") is None and frame.get("retryable"):
            self.away_until = later
        asked = next((each for each in self.queue if each.op_id == frame.get("op_id")), None)
        if asked is None:
            return
        second = wrong("second_refusal_is_final") and asked.tries > 1
        retryable = frame.get("retryable", False) and not second
        if wrong("unknown_code_is_final") and frame["code"] == "mercury_retrograde":
            retryable = False
        if retryable or wrong("refused_tried_again"):
            asked.flying = False
            wait_ms = 0 if wrong("retry_after_ignored") else frame.get("retry_after_ms", 100)
            asked.send_at = time.monotonic() + wait_ms / 1000
            if wrong("refused_goes_last"):
                self.queue.remove(asked)
                self.queue.append(asked)
            return
        self.queue.remove(asked)
        if not wrong("refusal_silent"):
            say(refused={"code": frame["code"]})
        if wrong("refusal_ends_all"):
            self.refuse_all(frame["code"])

    def refuse_all(self, code: str) -> None:
        for _ in self.queue:
            say(refused={"code": code})
        self.queue.clear()

    # ---- what is asked

    async def ask(self, operation: Json) -> None:
        if len(self.queue) >= QUEUED_MAX and not wrong("no_bound"):
            if not wrong("overflow_dropped"):
                say(refused={"code": "queue_full"})
            return
        if wrong("equal_ops_are_one") and operation in [each.operation for each in self.queue]:
            return
        asked = Asked(operation, epoch=self.house.epoch, base_version=self.house.version)
        if wrong("one_op_id_for_all"):
            asked.op_id = "00000000-0000-4000-8000-000000000001"
        first = wrong("undo_first") and operation["kind"] == "undo"
        first = first or (wrong("queue_reversed") and not self.joined)
        self.queue.insert(0 if first else len(self.queue), asked)
        if wrong("guess_is_confirmed") and operation["kind"] == "select":
            self.house.selection[operation["category"]] = {"option": operation["option"]}
        if wrong("guess_is_priced"):
            self.house.total_cents += 100
        await self.pump()

    async def pump(self) -> None:
        """Send the oldest op that waits, unless one is on its way."""
        if not self.joined:
            return
        for each in list(self.queue):
            if each.flying or each.send_at > time.monotonic():
                if wrong("all_at_once"):
                    continue
                return
            each.flying = True
            each.tries += 1
            if wrong("connection_for_each_op"):
                await self.send_on_its_own(each)
                return
            await self.send(**self.body(each))
            if wrong("told_as_done"):
                self.queue.remove(each)
            if not wrong("all_at_once"):
                return

    def body(self, asked: Asked) -> Json:
        operation = asked.operation
        if wrong("other_body_again") and asked.tries > 1 and operation["kind"] == "select":
            operation = {**operation, "option": "another"}
        if wrong("new_op_id_again") and asked.tries > 1:
            asked.op_id = str(uuid4())
        if operation["kind"] not in {"undo", "redo"} or wrong("undo_moves_along"):
            asked.epoch, asked.base_version = self.house.epoch, self.house.version
        if wrong("epoch_of_the_first_snapshot"):
            asked.epoch = self.house.first_epoch
        if wrong("base_version_of_another_epoch"):
            asked.base_version = self.house.newest
        return {
            "type": "op",
            "id": asked.op_id,
            "configuration": self.configuration,
            "op_id": asked.op_id,
            "base_version": asked.base_version + (5 if wrong("base_version_invented") else 0),
            **({} if wrong("epoch_missing") else {"epoch": asked.epoch}),
            "operation": operation,
        }

    async def send_on_its_own(self, asked: Asked) -> None:
        async with connect(self.url, compression=None) as socket:
            for message in (
                {"type": "hello", "protocol": 1, "token": self.token},
                {"type": "join", "configuration": self.configuration},
                self.body(asked),
            ):
                await socket.send(json.dumps(message))
            while (frame := json.loads(await socket.recv()))["type"] not in {"outcome", "error"}:
                pass
        await self.take(frame)

    async def watch_the_clock(self) -> None:
        """Give up a connection on which an answer is missing, and send what had to wait."""
        since: dict[str, float] = {}
        while True:
            await asyncio.sleep(0.02)
            if self.join_at is not None and time.monotonic() >= self.join_at:
                await self.join()
            await self.pump()
            now = time.monotonic()
            flying = {each.op_id for each in self.queue if each.flying}
            since = {op_id: since.get(op_id, now) for op_id in flying}
            moments = [*since.values(), *([self.joining_since] if self.joining_since else [])]
            if moments and now - min(moments) > ANSWER_SECONDS and self.socket is not None:
                since.clear()
                if not wrong("waits_for_ever"):
                    self.socket.transport.abort()

    def state(self) -> Json:
        house = self.house
        return {
            "epoch": house.epoch,
            "version": house.version,
            "selection": house.selection,
            "total_cents": house.total_cents,
            "pending": len(self.queue),
        }
