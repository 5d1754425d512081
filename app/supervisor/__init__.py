"""`nest run`: everything on one machine, started, kept alive and stopped in order.

    supervisor  starts servers and processes in order, and ends them in reverse
    running     whether a stack runs in a NEST_HOME, and its address
    listening   the address, opened once for all web processes
    exclusive   one supervisor for each NEST_HOME

Imported by: `app.backup`, `app.cli`, `app.commands`, `app.doctor`, `app.web_server`.
"""
