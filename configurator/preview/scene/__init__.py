"""The house in space: the choices that pictures depend on, dimensions, openings, projection.

    keys        the choices that a picture depends on, and its address
    geometry    the model of the house from which all views are drawn
    openings    the layout of the windows
    projection  from metres in space to units on the sheet

Imported by: `configurator.catalogue`, `configurator.preview.svg`, `configurator.pricing`,
`realtime.api`, `ui.public`.
"""
