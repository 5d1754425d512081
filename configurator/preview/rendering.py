"""From a key to its document."""

from configurator.preview import elevation, exterior, interior, roof
from configurator.preview.keys import PreviewKey


def render(key: PreviewKey) -> str:
    """A complete SVG document (viewBox 1600 x 1000), the same text for the same key for ever."""
    match key.view:
        case "exterior":
            return exterior.draw(key)
        case "interior":
            return interior.draw(key)
        case "pv":
            return roof.draw(key)
        case _:
            return elevation.draw(key)
