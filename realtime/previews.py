"""The addresses of the pictures of a house."""

from configurator.catalogue import Catalogue
from configurator.preview import preview_key
from configurator.selection import Selection

PREVIEW_PREFIX = "/preview"


def preview_url(view: str, _catalogue: Catalogue, selection: Selection) -> str:
    """Where the picture of a selection is; equal for selections that look the same in this view."""
    choices = {category: (choice.option, choice.quantity) for category, choice in selection.items()}
    return f"{PREVIEW_PREFIX}/{preview_key(view, choices).path}.svg"
