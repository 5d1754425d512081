"""Interactions of visitors, as untrusted input and as events; times and ranges of figures.

    tracking             the fields of an interaction, the event types, and the fields of each type
    interaction          an interaction as untrusted JSON, and as an event that can be stored
    untrusted, unusable  check texts and values of strangers; drop unusable optional fields
    entries              entries of the stream, checked again before they are stored
    stored               interactions as they are read back
    visitor              the facts that are kept about a visitor, and whether interactions may be
                         stored
    event_ids            ids of events and sessions
    clocks               the time of an event that a client reports
    periods, comparison  hours, days, weeks, months; the pairs of two ranges
    ranges               ranges of figures, parsed from untrusted text
    cadence              the times at which a schedule is due

Imported by: `app`, `configurator.protocol`, `realtime`, `storage`, `ui`, `workers`.
"""
