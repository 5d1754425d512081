"""The catalogue: the options of a house and their prices, read from YAML; selections from it.

    reading      reads a catalogue from one YAML text, with all problems and their lines
    marked_yaml  YAML with line numbers
    pictured     checks that the preview can draw everything in a catalogue
    model        the types of a catalogue
    selection    a selection: the option of each category, with a quantity
    canonical    checks selections, and reads them from untrusted JSON

Imported by: `app`, `configurator.operations`, `configurator.pricing`, `configurator.protocol`,
`realtime`, `ui`.
"""
