"""The parts of a process, put together from its settings.

Each part is frozen, and is entered and left as a whole. `app.web` and `app.worker` compose them.

    part        the base of the parts
    stores      connections of a web process, the bus, and all readers and writers
    databases   connections to servers, each pool with its own login
    people      identities: cookies, tokens, sessions of admins, roles
    editing     catalogues, rooms, and actions on configurations
    catalogue   the catalogue of new houses
    activity    interactions: taking them in, showing them live, forgetting people
    analytics   figures and sheets, for web processes and the leading worker
    admin       endpoints for admins only
    limits      limits of connections, requests and messages
    sockets     raw WebSockets, Socket.IO, sockets of pages
    routes      the HTTP API, its description, sockets and files as routes
    screens     the pages, connected with the parts that they show
    in_process  the HTTP API for pages of this process: the same handlers, without a connection
    visitors    finds the person or admin who requests a page

Imported by: `app.web`, `app.worker`.
"""
