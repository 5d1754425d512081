"""Ops that a client may ask for, and those that it may not."""

from typing import Any
from uuid import uuid4

from configurator.protocol.schema import REPLIES, tag_of
from tests.protocol.fuzz import corpus
from tests.realtime.clients import joined, select
from tests.realtime.conftest import RunningWeb, StartWeb


async def test_a_client_asks_and_the_server_decides(web: RunningWeb) -> None:
    """Whatever state or price a client sends along is not looked at. (OP1, MS2)"""
    api = web.api()
    created = await api.create()
    async with joined(web.ws_url, api.token or "", created["code"]) as socket:
        outcome = await socket.ask(
            "op",
            configuration=created["id"],
            op_id=str(uuid4()),
            base_version=0,
            operation={**select("nest", "nest120"), "price": 1, "selection": {}},
            selection={"nest": {"option": "nest80"}},
            total_cents=1,
            version=99,
            outcome="committed",
        )
    read = await api.read(created["id"])
    assert (read["version"], read["selection"]["nest"]) == (1, {"option": "nest120"})
    assert outcome["total_cents"] == read["derived"]["price"]["total_cents"] > 100_000_00


async def test_every_kind_of_intent(web: RunningWeb) -> None:
    """(OP1)"""
    api = web.api()
    created = await api.create()
    panels = {"category": "pvanlage", "quantity": 3}
    intents: list[Any] = [
        select("nest", "nest120"),
        {"kind": "set_quantity", **panels},
        {"kind": "clear", "category": "pvanlage"},
        {"kind": "apply", "operations": [select("nest", "nest100"), select("nest", "nest80")]},
        {"kind": "undo"},
        {"kind": "redo"},
        {"kind": "reset"},
    ]
    async with joined(web.ws_url, api.token or "", created["code"]) as socket:
        for version, intent in enumerate(intents):
            outcome = await socket.op(created["id"], intent, version)
            assert (outcome["outcome"], outcome["version"]) == ("committed", version + 1), intent
            (op,) = [
                f for f in socket.frames if f["type"] == "op" and f["op_id"] == outcome["op_id"]
            ]
            assert op["operation_kind"] == intent["kind"]


async def test_a_retry_may_have_seen_more(start_web: StartWeb) -> None:
    """(OP18)"""
    one, two = await start_web("one"), await start_web("two")
    api = one.api()
    created = await api.create()
    op: dict[str, Any] = {"op_id": str(uuid4()), "operation": select("nest", "nest120")}
    guarded: dict[str, Any] = {
        "op_id": str(uuid4()),
        "operation": select("nest", "nest140"),
        "guarded": True,
    }
    async with joined(one.ws_url, api.token or "", created["code"]) as here:
        first = await here.ask("op", configuration=created["id"], base_version=0, **op)
        assert (first["outcome"], first["repeated"]) == ("committed", False)
        kept = await here.ask("op", configuration=created["id"], base_version=1, **guarded)
        assert kept["outcome"] == "committed"
    async with joined(two.ws_url, api.token or "", created["code"]) as there:
        again = await there.ask("op", configuration=created["id"], base_version=2, **op)
        assert (again["outcome"], again["repeated"], again["version"]) == ("committed", True, 1)
        other = await there.ask("op", configuration=created["id"], base_version=2, **guarded)
        assert other["code"] == "op_id_reused"
    assert (await api.read(created["id"]))["version"] == 2


async def test_every_message_has_one_answer(web: RunningWeb) -> None:
    """Its own, with its id; only presence is silent. (MS5)"""
    api = web.api()
    created = await api.create()
    answers = {
        tag_of(message): {tag_of(reply) for reply in replies}
        for message, replies in REPLIES.items()
    }
    async with joined(web.ws_url, api.token or "", created["code"]) as socket:
        asked: dict[str, str] = {}
        for message in corpus(configuration=created["id"]):
            if message["type"] != "leave":
                fields = {k: v for k, v in message.items() if k not in {"id", "type"}}
                asked[await socket.send(message["type"], **fields)] = message["type"]
        asked[await socket.send("leave", configuration=created["id"])] = "leave"
        await socket.until("left")
        await socket.ask("ping")
        for message_id, type_ in asked.items():
            found = [frame["type"] for frame in socket.frames if frame.get("re") == message_id]
            if type_ == "presence":
                assert found == []
            else:
                assert len(found) == 1, type_
                assert found[0] in answers[type_] | {"error"}, type_
