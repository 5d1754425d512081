"""An address of ours that somebody copies, whole and with the origin, which only the browser knows."""

from nicegui import ui


class CopyField(ui.element, component="../components/staff_copied.js"):
    """A field with an address that cannot be changed, and a button that copies it.

    `copy` is the text of the button, `copied` what it says after that, `called` what tests find the
    field by.
    """

    def __init__(self, label: str, *, copy: str, copied: str, called: str) -> None:
        super().__init__()
        self.props.update(label=label, copy=copy, copied=copied, called=called, path="")

    def show(self, path: str) -> None:
        """Show the address with this path, which begins with a slash and may have a fragment."""
        self.props["path"] = path
