"""From a key to its document."""

from configurator.preview import elevation, exterior, interior, roof
from configurator.preview.keys import PreviewKey
from configurator.preview.words import Language, Words


def render(key: PreviewKey, language: Language = "de") -> str:
    """A complete SVG document (viewBox 1600 x 1000), the same text for the same key for ever."""
    words = Words(language)
    match key.view:
        case "exterior":
            return exterior.draw(key, words)
        case "interior":
            return interior.draw(key, words)
        case "pv":
            return roof.draw(key, words)
        case _:
            return elevation.draw(key, words)
