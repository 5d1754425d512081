"""A backup that replaces the client's house: the kit goes back in its history.

A client may be tried against any server, so no database is restored: the kit makes another house
there, with a shorter history and the same people, and the man in the middle shows it to the client
under the name of the first, in a new epoch. The server itself produces all states and outcomes that
the client receives, so none of them can be impossible.
"""

import json
from uuid import uuid4

from nest_haus_conformance.client import Scene
from nest_haus_conformance.house import House, another_house
from nest_haus_conformance.peer import Json


class Backup:
    """``house`` is the saved house; ``epoch`` names the history that begins when it is put back.

    ``restored_to`` is the moment of the backup that the server tells; None if it tells none.
    """

    def __init__(self, scene: Scene, house: House, restored_to: str | None) -> None:
        self._scene = scene
        self.house = house
        self.epoch = str(uuid4())
        self.restored_to = restored_to
        self._lost_epoch = str(uuid4())

    async def others_edit(self, number: int) -> int:
        """Let another person edit it; returns the new version."""
        operation = self.house.select(number)
        return int((await self._scene.other.change(self.house.id, operation))["version"])

    def put_back(self) -> None:
        """Show it to the client from now on, without notifying open connections yet."""
        self._scene.middle.up, self._scene.middle.down = self._up, self._down

    async def tell(self) -> None:
        """Notify the open connection that versions belong to another history now, as a server does."""
        here = {"configuration": self._scene.house.id, "epoch": self.epoch, "version": 0}
        await self._scene.middle.say({"type": "position", **here})

    def _up(self, message: Json) -> list[Json]:
        names = {self._scene.house.id, self._scene.house.code}
        if message.get("configuration") not in names:
            return [message]
        message = {**message, "configuration": self.house.id}
        if "since" in message:
            since = {**message["since"], "epoch": self._known(message["since"]["epoch"])}
            message = {**message, "since": since}
        if message.get("epoch") is not None:
            message = {**message, "epoch": self._known(message["epoch"])}
        return [message]

    def _known(self, epoch: str) -> str:
        """The server's name of that history; an earlier epoch gets one that the server lacks."""
        return self.house.epoch if epoch == self.epoch else self._lost_epoch

    def _down(self, frame: Json) -> list[Json]:
        if frame.get("configuration") == self._scene.house.id:
            return []  # none of the ops before: this house goes on, and the client's does not
        names = {
            self.house.id: self._scene.house.id,
            self.house.code: self._scene.house.code,
            self.house.epoch: self.epoch,
        }
        text = json.dumps(frame)
        for ours, theirs in names.items():
            text = text.replace(f'"{ours}"', f'"{theirs}"')
        return [self.dated(json.loads(text))]

    def dated(self, frame: Json) -> Json:
        """A frame as said by a server whose history began with this backup."""
        if frame["type"] != "snapshot":
            return frame
        undated = {name: frame[name] for name in frame if name != "restored_to"}
        return undated if self.restored_to is None else {**frame, "restored_to": self.restored_to}


async def backup_of(scene: Scene, *, restored_to: str | None) -> Backup:
    """A backup in which the client's house has no version yet."""
    return Backup(scene, await another_house(scene.house), restored_to)
