"""The duties of a client when a backup replaces the data."""

from datetime import datetime

from nest_haus_conformance.backup import Backup, backup_of
from nest_haus_conformance.client import Client, Scene, dropping, forgotten
from nest_haus_conformance.peer import Json, greeted
from nest_haus_conformance.verdicts import Checks, expect

MOMENT = "2026-11-03T10:00:00.500000Z"

check: Checks[Client] = Checks()


@check("CL15", "JN4")
async def _restored(client: Client) -> None:
    """When a backup is restored it says so, with the moment; later changes are gone."""
    async with client.scene() as scene:
        await scene.driver.op(scene.house.select(2))
        await scene.outcome(0)
        await scene.check_same(await scene.others_edit(0))
        backup = await _older(scene, restored_to=MOMENT)
        backup.put_back()
        await backup.tell()
        await _check_said(scene, [MOMENT])
        await scene.check_same(1, house=backup.house)
        scene.middle.cut()
        await scene.check_same(await backup.others_edit(2), house=backup.house)
        await _check_said(scene, [MOMENT])
        expect(len(scene.middle.sent("op")) == 1, "an op that had its outcome was sent again")


@check("CL15")
async def _restored_again(client: Client) -> None:
    """It says so each time, even after it was away, and without a moment if none was told."""
    async with client.scene() as scene:
        said: list[str | None] = []
        for moment in (MOMENT, None):
            backup = await _older(scene, restored_to=moment)
            backup.put_back()
            scene.middle.cut()
            said.append(moment)
            await _check_said(scene, said)
            await scene.check_same(1, house=backup.house)


@check("CL15")
async def _not_restored(client: Client) -> None:
    """A first snapshot, or another one of the same epoch, is no reason to say so."""

    def dated(frame: Json) -> list[Json]:
        return [{**frame, "restored_to": MOMENT} if frame["type"] == "snapshot" else frame]

    async with client.scene(down=dated) as scene:
        scene.middle.up = forgotten
        scene.middle.cut()
        await scene.check_same(await scene.others_edit(1))
        expect(not scene.driver.restored, "it said that the house was restored, and nothing was")


@check("CL15", "OP20")
async def _epoch_of_ops(client: Client) -> None:
    """Each op names the epoch of its base_version: before a backup is put back, and after it."""
    async with client.scene() as scene:
        await scene.others_edit(2)
        await scene.check_same(await scene.others_edit(0))
        await scene.driver.op(scene.house.select_other(1))
        await scene.outcome(0)
        backup = await _older(scene, restored_to=MOMENT)
        backup.put_back()
        await backup.tell()
        await scene.until(
            lambda state: state["epoch"] == backup.epoch, "it did not take the other epoch"
        )
        await scene.driver.op(scene.house.select_other(2))
        before, after = (await scene.sent_ops(2))[:2]
        _check_positions(scene)
        for op, epoch in ((before, scene.house.epoch), (after, backup.epoch)):
            expect(op["epoch"] == epoch, f"the op names the epoch {op['epoch']}, not {epoch}")
        await scene.outcome(1)
        await scene.check_same(2, house=backup.house)


@check("CL15", "OP20")
async def _waiting_op(client: Client) -> None:
    """An op that waits during a restore is judged again, and sent with a position that was shown."""
    async with client.scene() as scene:
        await scene.others_edit(2)
        await scene.check_same(await scene.others_edit(0))
        scene.middle.up = dropping(lambda message: message["type"] == "op")
        await scene.driver.op(scene.house.select_other(1))
        await scene.sent_ops(1)
        backup = await _older(scene, restored_to=MOMENT)
        backup.put_back()
        scene.middle.cut()
        await scene.sent_ops(2)
        _check_positions(scene)
        await scene.outcome(0)
        await scene.check_same(2, house=backup.house)


@check("CL15", "OP20")
async def _waiting_undo(client: Client) -> None:
    """An undo that waits during a restore takes nothing back: the op that it means is gone."""
    async with client.scene() as scene:
        await _edit_as_client(scene, scene.house.id)
        backup = await _older(scene, restored_to=MOMENT)
        await _edit_as_client(scene, backup.house.id)
        await scene.check_same(1)
        scene.middle.up = dropping(lambda message: message["type"] == "op")
        await scene.driver.op({"kind": "undo"})
        await scene.sent_ops(1)
        backup.put_back()
        scene.middle.cut()
        await scene.refusal()
        _check_positions(scene)
        await scene.check_same(2, house=backup.house)


async def _older(scene: Scene, *, restored_to: str | None) -> Backup:
    """A backup with one version, which is not that of the client's house."""
    backup = await backup_of(scene, restored_to=restored_to)
    await backup.others_edit(1)
    return backup


async def _edit_as_client(scene: Scene, configuration: str) -> None:
    """The person of the client changes this house with another program."""
    async with greeted(scene.house.url, scene.house.editor) as peer:
        await peer.change(configuration, scene.house.select_other(1))


async def _check_said(scene: Scene, moments: list[str | None]) -> None:
    """Check how often the client said that the house was restored, and with which moments."""
    restored = scene.driver.restored
    number = len(moments)
    await scene.until(
        lambda _: len(restored) >= number,
        f"it did not say that the house was restored ({len(restored)} times, not {number})",
    )
    told = [each.get("to") for each in restored]
    expect(len(told) == number, f"it said {len(told)} times that the house was restored")
    same = [_moment(each) for each in told] == [_moment(each) for each in moments]
    expect(same, f"it said that the house was restored to {told}, not {moments}")


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _check_positions(scene: Scene) -> None:
    """Check that every op names a version that the client was shown in the epoch that it names."""
    shown: dict[str, int] = {}
    for way, frame in scene.middle.timeline:
        if way == "down" and frame["type"] in {"snapshot", "op", "ops"}:
            version = frame["to"] if frame["type"] == "ops" else frame["version"]
            shown[frame["epoch"]] = max(shown.get(frame["epoch"], 0), version)
        elif way == "up" and frame["type"] == "op":
            epoch, base = str(frame.get("epoch") or ""), frame["base_version"]
            expect(epoch, "it sent an op without an epoch")
            expect(epoch in shown, f"it sent an op of the epoch {epoch}, which it was never told")
            expect(base <= shown[epoch], f"it sent version {base} of an epoch that has none such")
