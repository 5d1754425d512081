"""Commands that start the processes of the product and check what they need.

    run      `nest run`: everything on this machine, until Ctrl-C
    web      `nest web`: one web process
    worker   `nest worker`: one worker process
    migrate  `nest migrate`: migrates the schema and publishes the catalogues of this release
    doctor   `nest doctor`: checks configuration, servers and schema

Imported by: `app.cli`, by the name of the command.
"""
