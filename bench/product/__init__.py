"""Measurements of the product: one module for each subject.

    sockets                edits over WebSockets: the time until they are saved, and until others
                           have them
    screens                delays that people see, measured inside real pages
    fanout                 the fan-out alone: rooms, outboxes and transports with invented ops
    intake                 interactions over HTTP: rate and time of an answer
    draining               from the stream into PostgreSQL: the rate of workers
    ledger                 exactly once: offered and stored events under many `kill -9`
    history, history_rows  questions about months of visits, and the invented rows
    pictures               drawing and getting the pictures of a house
    memory                 memory of pages: views, tabs, hours of both
    start                  the time that `make run` takes to be ready
    activity_stand         processes and stores of their own for measurements that write many events
    http_load              HTTP load from a separate process
    visits                 visits invented from a seed

Imported by: `bench.comparison`, `bench.measures`.
"""
