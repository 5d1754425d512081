"""Public pages that are plain HTML.

    landing                the landing page, the invitation page, the admin login
    offer                  the figures of the landing page
    developers, reference  `/developers`, and its reference of all messages
    spec                   `/spec`: the rules of the protocol
    messages, restored     pages with one message; a message after a restore
    spelling               addresses as people write them

Imported by: `app.parts`, `ui.app`, `ui.pages`, `ui.staff`.
"""
