"""Settings: read once from the environment, checked together, frozen.

    settings                 all settings, each one field: variable, reader, default, unit, reason
    setting                  a field that declares a setting
    table                    the table of settings for people, and suggestions for unknown names
    readers                  turn the text of a variable into a valid value
    address                  checks host and port of a URL
    database_url, redis_url  turn addresses as hosting companies write them into those of the
                             drivers
    database_files           certificates, keys and passwords that a DATABASE_URL names
    public_url               the public address, as browsers write an origin

Imported by: `app`.
"""
