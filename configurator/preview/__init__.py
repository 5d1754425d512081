"""The parametric preview: one house, four views, as standalone SVG documents.

    choices -> preview_key(view, choices) -> key.path (address) -> parse_path -> render

Pure and deterministic: a key always gives the same text, so a document can be served for ever
under its path. Errors: ``PreviewUnknown``.
"""

from configurator.preview.elevation import glazed_area_m2
from configurator.preview.keys import (
    GEOMETRY_VERSION,
    VIEWS,
    PreviewKey,
    PreviewUnknown,
    parse_path,
    preview_key,
)
from configurator.preview.rendering import render
from configurator.preview.words import Language

__all__ = [
    "GEOMETRY_VERSION",
    "VIEWS",
    "Language",
    "PreviewKey",
    "PreviewUnknown",
    "glazed_area_m2",
    "parse_path",
    "preview_key",
    "render",
]
