"""The declarations of the API: routes, OpenAPI and AsyncAPI are made from them.

    marks              declares an endpoint at its handler
    endpoints          the list of endpoints, and their routes
    openapi, asyncapi  the documents of HTTP and of sockets; `examples.jsonl` has recorded frames
    docs_page          `/docs`: the documents for people
    polling            long polling of Engine.IO, as OpenAPI describes it
    sdk                `/sdk/`: clients and specification as files

Imported by: `app`, `realtime.api`, `ui`.
"""
