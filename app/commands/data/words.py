"""Sentences that several of these commands print."""

from typing import Final

UNCHANGED: Final = "nothing was changed"
"""The words after Ctrl-C, if they are true."""

GONE: Final = """\
Everything that was changed after {at} is gone, even where a page said "saved".
Consequences:
  - Open pages and clients show the restored houses within seconds, and say why.
  - Changes that were under way are judged again. Interactions that the stream still has
    (ten minutes, longer if no worker ran) are stored again, once each.
  - People who were removed from a house, signed out or erased after that moment are back: do that again
    (your receipts of `nest privacy erase` name them). All admin sessions have ended."""
"""The sentence after a restore, with the moment of the data."""
