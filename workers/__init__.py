"""The worker: moves interactions from the stream to PostgreSQL, and does recurring jobs.

It imports `realtime.activity` and nothing else of `realtime`.

    runner      starts and stops the tasks of a worker
    consumer    stores batches of the stream, exactly once
    leader      one worker at a time does the jobs of `schedule`
    schedule    the jobs and chores
    offered     records the counts of the stream
    compatible  holds work back until the schema is one that this code supports
    history     stores events again after a backup was restored
    audit_head  notices lines at the end of the audit that were removed

Imported by: `app`.
"""
