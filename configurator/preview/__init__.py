"""The parametric preview: one house, four views, as standalone SVG documents.

    choices -> preview_key(view, choices) -> key.path (address) -> parse_path -> render

Pure and deterministic: a key always gives the same text, so a document can be cached without end
under its path. Errors: ``PreviewUnknown``.

    scene/  the house in space: keys of pictures, dimensions, openings, projection
    svg/    the pictures: sheets, paints and the four views

Imported by: `configurator.catalogue`, `configurator.pricing`, `realtime.api`, `ui.public`.
"""
