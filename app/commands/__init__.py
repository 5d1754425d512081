"""The commands of `nest`, one module each, in a folder for each subject.

    processes/      run, web, worker, migrate, doctor: start the product, and check it
    data/           backup, restore, restored, upgrade-data: save and restore the data of PostgreSQL
    people/         admin-link, admin-sessions, privacy: let admins in; export and erase personal
                    data
    service/        audit, deadletters: verify the audit, handle events that could not be stored
    clients/        tail, edit, soak, conformance: programs over the published protocol
    command         the parts that every module of a command has: HELP, EXAMPLE, `arguments`, `run`
    argument_types  types of arguments that several commands take
    stores          the servers that a command uses: from the settings, or those of the running
                    `nest run`

`app.cli` has the table of their names and imports only the module of the given command, so a module may
import at its top everything that it needs.

Imported by: `app.cli`.
"""
