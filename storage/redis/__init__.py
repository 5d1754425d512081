"""Redis or Valkey: hints, presence and queues; losing it never loses an acknowledged edit.

    suitable          checks whether this Redis can be used
    clock             the time by Redis' clock
    activity/         the stream of interactions
    bus/              hints between processes
    one_message       one message to every web process, without a bus
    presence          members of configurations, as processes report them
    tickets, claims   unused tickets; work that one process at a time does
    audit_head        the newest line of the audit, outside PostgreSQL
    client            one pool, deadlines, one error
    silence, reasons  a Redis that does not answer; errors in words

Imported by: `app`, `realtime`, `ui.staff`, `workers`.
"""
