"""The page sends only event types of the list of tracked types, and all of them."""

import re

from configurator.activity.tracking import TRACKED
from ui.assets import DIRECTORY

SENT = re.compile(r'track\("(\w+)"')
# `selection`, `undo` and `redo` are one call: what was saved says which.
ONE_CALL = {"selection", "undo", "redo"}


def test_the_page_and_the_list_agree() -> None:
    scripts = DIRECTORY.rglob("*.js")
    sent = {name for script in scripts for name in SENT.findall(script.read_text("utf-8"))}
    assert sent | ONE_CALL == {each.event_type for each in TRACKED}
