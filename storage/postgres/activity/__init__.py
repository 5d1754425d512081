"""Interactions: stored once, counted, searched, and deleted after their retention time.

    interactions       stores batches and counts them in one transaction; its invariants
    store_statements   the SQL of that transaction, in order
    batch_rows         a batch of the stream as rows
    past_interactions  stored interactions, newest first, for searches
    sessions           visitor sessions
    session_keys       the range of ids of one session's events
    choices            the one definition of a choice
    ledger             the end of each entry of the stream
    stream_lives       the number of entries in each life of the stream
    statistics         today's figures for the live view
    page_views         views of pages without a session
    upkeep             retention, and the check of roll-ups

Imported by: `app`, `realtime`, `storage.postgres.analytics`, `workers`.
"""
