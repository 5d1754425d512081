"""Child programs: starting, watching and ending them, and keeping their output.

    children        child programs of the supervisor, replaced when they crash or hang
    server_process  one server program: started, asked whether it answers, restarted, never twice
    launch          a script that becomes another program, which ends with its parent
    lifeline        the heartbeat between `nest run` and each of its children
    ending          ends processes, also foreign ones
    leftovers       ends web and worker processes that an earlier `nest run` left
    restarts        the delay before a process is started again
    server_log      the bounded log of an embedded server, in which the reason of an end is found

Imported by: `app.backup`, `app.embedded`, `app.processes`, `app.supervisor`.
"""
