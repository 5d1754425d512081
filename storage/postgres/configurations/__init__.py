"""Configurations and their op log, catalogues, inquiries.

    configurations  configurations and their ops, read side
    stored          the types of both, and their making from rows
    commit/         writes ops, many in one statement
    catalogues      published catalogues, immutable
    inquiries       inquiries about a house at one version

Imported by: `app`, `realtime`, `storage.postgres.analytics`.
"""
