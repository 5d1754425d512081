"""The state of the house that the server confirmed."""

from datetime import UTC, datetime

from tests.support.wrong_client.mistake import Json, say, wrong


class House:
    """The confirmed selection at one version."""

    def __init__(self) -> None:
        self.known = False
        self.epoch = ""
        self.version = 0
        self.selection: Json = {}
        self.total_cents = 0
        self.first_epoch = ""
        self.newest = 0
        self.restored = 0

    def replace(self, frame: Json) -> None:
        self.notice_restore(frame)
        if wrong("smaller_snapshot_ignored") and self.known and frame["version"] <= self.version:
            return
        kept = self.selection if wrong("snapshot_merged") else {}
        self.selection = {**kept, **frame["selection"]}
        self.epoch, self.version, self.known = frame["epoch"], frame["version"], True
        self.first_epoch = self.first_epoch or self.epoch
        self.newest = max(self.newest, self.version)
        if not (wrong("total_of_snapshot_ignored") and self.total_cents):
            self.total_cents = frame["derived"]["price"]["total_cents"]

    def notice_restore(self, frame: Json) -> None:
        """Say it when a backup took the place of what was known."""
        another = self.known and frame["epoch"] != self.epoch
        another = another or (self.known and wrong("restored_by_any_snapshot"))
        if wrong("restored_by_its_moment"):
            another = frame.get("restored_to") is not None
        if not another or wrong("restore_silent"):
            return
        self.restored += 1
        if wrong("restore_said_once") and self.restored > 1:
            return
        to = None if wrong("restore_without_moment") else frame.get("restored_to")
        if wrong("restore_moment_invented") and to is None:
            to = datetime.now(UTC).isoformat()
        for _ in range(2 if wrong("restore_said_twice") else 1):
            say(restored={"to": to})

    def apply(self, op: Json) -> bool:
        """False: it does not follow what is known."""
        if op["epoch"] != self.epoch and not wrong("epoch_ignored"):
            return False
        if op["version"] <= self.version and not wrong("op_applied_twice"):
            return True
        if op["version"] > self.version + 1 and not wrong("gap_applied"):
            return False
        self.version = self.version + 1 if wrong("op_applied_twice") else op["version"]
        self.newest = max(self.newest, self.version)
        for change in op["changes"]:
            self.change(change)
            if wrong("first_change_only"):
                break
        self.total_cents = op["total_cents"]
        return True

    def change(self, change: Json) -> None:
        if wrong("rule_changes_dropped") and change["cause"] == "rule":
            return
        if change["after"] is not None:
            self.selection[change["category"]] = change["after"]
            if wrong("quantity_dropped"):
                before = change["before"] or {}
                kept = {"quantity": before["quantity"]} if "quantity" in before else {}
                self.selection[change["category"]] = {**change["after"], **kept}
        elif not wrong("clear_ignored"):
            self.selection.pop(change["category"], None)
