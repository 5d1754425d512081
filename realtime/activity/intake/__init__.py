"""The intake of interactions: their visitor, the consent to store them, and the stream.

    intake      takes interactions of REST, sockets and pages, and appends them to the stream
    consent     whether interactions of a visitor may be stored, and which traits with them
    bots        detects bots and says why
    page_views  the number of visitors who saw the start page

Imported by: `app.parts`, `realtime.api`, `realtime.connections`.
"""
