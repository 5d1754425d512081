"""Rendering: makes the SVG document of a key."""

from configurator.preview.scene.keys import PreviewKey
from configurator.preview.svg import elevation, exterior, interior, roof
from configurator.preview.svg.words import PictureWords
from configurator.text import Language


def render(key: PreviewKey, language: Language = "de") -> str:
    """The complete SVG document (viewBox 1600 x 1000), always the same for the same key."""
    words = PictureWords(language)
    match key.view:
        case "exterior":
            return exterior.draw(key, words)
        case "interior":
            return interior.draw(key, words)
        case "pv":
            return roof.draw(key, words)
        case _:
            return elevation.draw(key, words)
