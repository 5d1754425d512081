"""The addresses of the pictures of a house."""

from configurator.catalogue.selection import Selection
from configurator.preview.scene.keys import preview_key

PREVIEW_PREFIX = "/preview"


def preview_url(view: str, selection: Selection) -> str:
    """The address of a selection's picture; equal for selections that look the same in it."""
    choices = {category: (choice.option, choice.quantity) for category, choice in selection.items()}
    return f"{PREVIEW_PREFIX}/{preview_key(view, choices).path}.svg"
