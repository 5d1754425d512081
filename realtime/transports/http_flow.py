"""Flow control of an HTTP connection on which requests may have to wait."""

from typing_extensions import override
from uvicorn.protocols.http.flow_control import FlowControl


class HeldFlow(FlowControl):
    """Flow control of which reading can be held, whatever the application asks for."""

    held = False

    def hold(self) -> None:
        """Read nothing until ``release``."""
        self.held = True
        self.pause_reading()

    def release(self) -> None:
        """Read on."""
        self.held = False
        self.resume_reading()

    @override
    def resume_reading(self) -> None:
        """Read on, unless it is held."""
        if self.read_paused and not self.held:
            super().resume_reading()
