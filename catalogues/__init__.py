"""The products as data: one YAML file for each version of a catalogue."""
