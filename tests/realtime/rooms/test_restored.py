"""A backup takes the place of the data while houses are open: nothing of the old history is told."""

import asyncio
from argparse import Namespace
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg

from app.backup.making import make_backup
from app.commands.data.restore import run as restore
from app.settings.settings import parse_settings
from tests.realtime.clients import Json, Socket, joined, opened, select
from tests.realtime.conftest import RunningWeb, StartWeb
from tests.support.audited import SECRET
from tests.support.waiting import eventually

SIZES = ("nest100", "nest120")


async def edit(socket: Socket, house: Json, *versions: int, epoch: str | None = None) -> None:
    """One op for each version, which it leads to."""
    for version in versions:
        fields = {"epoch": epoch} if epoch else {}
        outcome = await ask(
            socket, house, select("nest", SIZES[version % 2]), version - 1, **fields
        )
        assert outcome["version"] == version, outcome


async def ask(
    socket: Socket, house: Json, operation: Json, base_version: int, **fields: object
) -> Json:
    """The answer to an op: its outcome, or an error."""
    asked = {"configuration": house["id"], "op_id": str(uuid4()), "operation": operation}
    return await socket.ask("op", **{**asked, "base_version": base_version, **fields})


async def put_back(database_url: str, file: Path) -> None:
    """Restore the file, as `nest restore` does."""
    settings = parse_settings({"DATABASE_URL": database_url, "NEST_AUDIT_KEY": SECRET})
    code = await asyncio.to_thread(
        restore, settings, Namespace(file=file, replace=True, new_audit_key=False), {}
    )
    assert code == 0


async def go_back(database_url: str, house: Json, version: int, *, option: str) -> None:
    """Go back as other tools' restores do: an earlier state in the same epoch, without news."""
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await connection.execute(
                "DELETE FROM operations WHERE configuration_id = $1 AND version > $2",
                UUID(house["id"]), version,
            )  # fmt: skip
            await connection.execute(
                "UPDATE configurations SET head = $2, selection = jsonb_set(selection, '{nest}', $3)"
                " WHERE id = $1",
                UUID(house["id"]), version, f'{{"option": "{option}"}}',
            )  # fmt: skip
    finally:
        await connection.close()


async def test_open_houses_go_on_from_the_backup_on_every_process(
    start_web: StartWeb, database_url: str, tmp_path: Path
) -> None:
    """(JN4) (CL1) (P4) A snapshot of another epoch, then what is edited, on both; never a gap."""
    one, two = await start_web("one"), await start_web("two")
    api, file = one.api(), tmp_path / "one.backup"
    house = await api.create()
    async with (
        joined(one.ws_url, api.token or "", house["id"]) as here,
        joined(two.ws_url, api.token or "", house["id"]) as there,
    ):
        await edit(here, house, 1, 2, 3)
        manifest, _size = await make_backup(database_url, file, {})
        await edit(here, house, 4, 5, 6)
        await there.until_version(6)

        await put_back(database_url, file)

        for socket in (here, there):
            shown = await socket.until("snapshot")
            assert shown["version"] == 3
            assert shown["epoch"] != house["epoch"]
            assert shown["selection"]["nest"]["option"] == SIZES[3 % 2]
            assert shown["restored_to"] == manifest.made_at.isoformat().replace("+00:00", "Z")
        before = len(there.versions)
        await edit(here, house, 4, 5)
        while len(there.versions) < before + 2:
            await there.next()
        assert there.versions[before:] == [4, 5]
    async with opened(two.ws_url) as late:
        await late.hello(api.token)
        old = {"epoch": house["epoch"], "version": 4}
        assert (await late.join(house["id"], since=old))["type"] == "snapshot"


async def test_an_op_under_way_during_a_restore_is_judged_again(
    web: RunningWeb, database_url: str, tmp_path: Path
) -> None:
    """(OP20) An op of the old history counts where it means the same, and is refused where not."""
    api, file = web.api(), tmp_path / "one.backup"
    house = await api.create()
    old = house["epoch"]
    async with joined(web.ws_url, api.token or "", house["id"]) as socket:
        kept = {"op_id": str(uuid4()), "epoch": old, "guarded": True}
        first = await ask(socket, house, select("nest", "nest100"), 0, **kept)
        assert first["version"] == 1
        await make_backup(database_url, file, {})
        gone = {"op_id": str(uuid4()), "epoch": old}
        assert (await ask(socket, house, select("nest", "nest120"), 1, **gone))["version"] == 2
        await edit(socket, house, 3, 4)
        await put_back(database_url, file)

        # Before this process, or the client, has noticed anything.
        again = await ask(socket, house, select("nest", "nest120"), 4, **gone)
        assert (again["outcome"], again["version"], again["repeated"]) == ("committed", 2, False)
        repeated = await ask(socket, house, select("nest", "nest100"), 0, **kept)
        assert (repeated["version"], repeated["repeated"]) == (1, True)
        for fields in ({"guarded": True}, {"operation": {"kind": "undo"}}):
            told: Json = {"operation": select("nest", "nest140"), **fields}
            refused = await ask(socket, house, told.pop("operation"), 4, epoch=old, **told)
            assert refused["code"] == "version_unknown"
        assert (await api.read(house["id"]))["version"] == 2


async def test_no_op_is_stored_on_a_state_of_the_old_history(
    web: RunningWeb, database_url: str
) -> None:
    """(I1) The head may have the same number and another house behind it."""
    api = web.api()
    house = await api.create()
    async with joined(web.ws_url, api.token or "", house["id"]) as socket:
        await edit(socket, house, 1, 2)
        connection = await asyncpg.connect(database_url)
        await connection.execute(
            "WITH begun AS (UPDATE deployment SET epoch = gen_random_uuid()) UPDATE configurations"
            " SET selection = jsonb_set(selection, '{nest}', '{\"option\": \"nest160\"}')"
        )
        await connection.close()
        outcome = await ask(socket, house, select("fussboden", "kalkstein_kanafar"), 2)
        assert (outcome["outcome"], outcome["version"]) == ("committed", 3)
        assert (await api.read(house["id"]))["selection"]["nest"]["option"] == "nest160"


async def test_a_history_that_went_back_unasked_gets_an_epoch_of_its_own(
    start_web: StartWeb, database_url: str
) -> None:
    """(JN4) (PS3) `pg_restore` or a snapshot put the database back, and nobody ran `nest restored`."""
    one, two = await start_web("one"), await start_web("two")
    api = one.api()
    house, quiet = await api.create(), await api.create()
    async with (
        joined(one.ws_url, api.token or "", house["id"]) as here,
        joined(two.ws_url, api.token or "", quiet["id"]) as there,
    ):
        await edit(here, house, 1, 2, 3)
        await go_back(database_url, house, 1, option="nest160")
        shown = await here.until("snapshot")
        assert (shown["version"], shown["selection"]["nest"]["option"]) == (1, "nest160")
        assert shown["epoch"] != house["epoch"]
        assert (await there.until("snapshot"))["epoch"] == shown["epoch"]
        await edit(here, house, 2)


async def test_undo_takes_back_ops_of_the_restored_history(
    web: RunningWeb, database_url: str, tmp_path: Path
) -> None:
    """(UN10)"""
    api, file = web.api(), tmp_path / "one.backup"
    house = await api.create()
    async with joined(web.ws_url, api.token or "", house["id"]) as socket:
        await edit(socket, house, 1)
        await make_backup(database_url, file, {})
        await edit(socket, house, 2, 3)
        await put_back(database_url, file)
        await socket.until("snapshot")
        undone = await ask(socket, house, {"kind": "undo"}, 1)
        assert (undone["version"], undone["can_undo"], undone["can_redo"]) == (2, False, True)
        nothing = await ask(socket, house, {"kind": "undo"}, 2)
        assert nothing["reasons"][0]["code"] == "nothing_to_undo"


async def test_a_house_that_is_not_in_the_backup_ends_for_those_in_it(
    web: RunningWeb, database_url: str, tmp_path: Path
) -> None:
    """(JN10)"""
    api, file = web.api(), tmp_path / "one.backup"
    await api.create()
    await make_backup(database_url, file, {})
    house = await api.create()
    async with joined(web.ws_url, api.token or "", house["id"]) as socket:
        await edit(socket, house, 1)
        await put_back(database_url, file)
        assert (await socket.until("left"))["configuration"] == house["id"]
        await eventually(
            lambda: not web.parts.editing.hub.rooms()[0].members, why="nobody is in it"
        )
