"""People and staff who ask: their tokens, cookies, sessions and roles.

    principal       the types of those who ask: a visitor, or a member of staff
    auth            finds the principal of a token or cookie
    cookies         their names, how they are set, which ones are believed
    person_tokens   exchanges and ends tokens, and returns one by a link
    tickets         each opens one connection in the name of its owner
    admin_sessions  open admin sessions, and all that ends with one
    grants          roles of people who are connected here
    lookups         look-ups of one turn of the event loop in one query
    known           passes news about people on to caches and connections
    looks           records in the audit what admins look at
    networks        the network of a request, by which limits count

Imported by: `app`, `realtime.actions`, `realtime.activity`, `realtime.api`, `realtime.connections`,
`realtime.edge`, `realtime.rooms`, `realtime.transports`, `ui`.
"""
