"""The products as data: one YAML file for each version of a catalogue, never edited once published.

Read by: `app.release`, which publishes all of them, and `app.parts.catalogue`, which names the
catalogue of new houses.
"""
