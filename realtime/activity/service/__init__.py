"""Service of the pipeline: dead letters, export and erasure, the count of offered entries.

    dead_letters  actions of admins on entries that could not be stored
    privacy       exports and erases everything about a person
    offered       the count of entries that the stream took, compared with the ledger
    webhook       posts to an address of the operator

Imported by: `app`, `realtime.activity.figures`, `realtime.activity.live`, `realtime.api`,
`ui.staff`, `workers`.
"""
