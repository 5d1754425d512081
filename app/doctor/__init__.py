"""`nest doctor`: checks settings and servers, and says how to repair problems.

    doctor         all checks, in their order; each returns findings and changes nothing
    finding        one finding: what was checked, its result and its repair
    usable         checks whether the configured stores can be used, before a process starts
    home           findings about NEST_HOME: its user, free space, data for `nest run`
    logins         findings about the logins of processes and the key of the audit
    redis, clocks  findings about Redis and about clocks
    browser        finds a Chromium on this machine, for the doctor and for tests

Imported by: `app.commands`.
"""
