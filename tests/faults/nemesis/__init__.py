"""The nemesis: faults in an order that a seed decides, under load, and what has to hold afterwards.

    schedule    a seed becomes rounds of steps; files of steps
    field       what a fault may reach: processes, servers, links, the clock
    faults      every fault by name, with its targets and how long it may last
    on_processes, on_postgres, on_valkey, on_answers, on_links, on_data    the faults themselves
    recovery    how long until everything works again
    tabs        real browser tabs that edit, and what they claim
    run         a round: load, faults one after the other, quiet, audit
    outage      PostgreSQL away behind HAProxy, and three figures

`python -m tests.faults.nemesis` is `make nemesis`.
"""
