"""Commands that save the data of PostgreSQL to a file and restore it.

    backup        `nest backup`: writes one file with all data, as of one moment
    restore       `nest restore`: replaces the present data by a backup
    restored      `nest restored`: tells the product that other tools restored the database
    upgrade_data  `nest upgrade-data`: converts the data of an older PostgreSQL
    words         sentences that several of these commands print

Imported by: `app.cli`, by the name of the command.
"""
