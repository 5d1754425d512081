"""Builds the processes from their parts; the only package that reads the environment.

Imports go downwards in this list, as the contract "Rooms of app" says.

    entry                        the installed command `nest`; Ctrl-C ends it without a traceback
    cli                          finds the module of a command, and reads the environment
    commands/                    the commands, one module each, in a folder for each subject
    processes                    `nest web` and `nest worker`: one process each, until SIGTERM
    web, worker                  the two kinds of process, put together from `parts/`
    doctor/                      checks of settings and servers, each with its repair
    parts/                       the parts of the processes
    backup/                      the backup file, restoring, upgrading data
    web_server                   uvicorn with a graceful stop
    release                      prepares the database: newest schema, published catalogues
    supervisor/                  `nest run`: all processes on one machine
    embedded/                    PostgreSQL and Valkey from wheels
    programs/, logs/             child programs; log lines and what they may contain
    audit_key, admin_link, away  key of the audit; admin links; the sentence about a store away
    settings/                    the settings, from the environment
    chance, clients, sdk/        clocks, ids, secrets; clients in a checkout; files of `/sdk/`
    loud_end, memory, telling    end of a broken process; memory after floods; lines of commands

Imported by: no package of ours.
"""
