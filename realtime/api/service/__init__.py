"""The API for running the service: dead letters, ledger, jobs, privacy, health, metrics.

    dead_letters  read, mend, send again and drop entries that could not be stored
    ledger        the ends of all offered interactions, and the audit
    jobs          jobs of the workers, and the endpoint of the metrics
    privacy       amount, export and erasure of a person's data
    health        whether the process is alive, and may get traffic
    metrics       all metrics, in the form of Prometheus
    files         lists of admins as files

Imported by: `app.parts`, `ui.staff`.
"""
