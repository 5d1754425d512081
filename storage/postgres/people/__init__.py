"""People and admins, roles and links, and all data that belongs to a person.

    people                       names, colours, hashes of tokens
    admins                       links that sign admins in, and their sessions
    shares, share_statements     roles and the links that give them; the statements for both
    access_list                  people and links of a configuration, for its owner
    granted                      links and roles as they are stored
    privacy, privacy_statements  finds, exports and erases personal data; its SQL

Imported by: `app`, `realtime`, `workers`.
"""
