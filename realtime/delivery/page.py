"""The calls by which frames reach a page of this process, without a transport between them."""

from collections.abc import Callable

from configurator.protocol.code import Code

SendText = Callable[[str], None]
"""Takes one server frame as JSON text. Never blocks, never raises, and may be called from any
task."""

HangUp = Callable[[Code], None]
"""Ends the page for the reason in a frame before. Never blocks, never raises."""
