"""Pages that stay in contact with their browser: HTML first, the page when its socket comes.

    pages            both steps of a page
    html, template   the HTML that is made once; NiceGUI's template, changed
    client           the page of one tab in this process
    socket, events   NiceGUI's Socket.IO server, made safe; the events that it accepts
    outbox, history  messages to the browser; those that it has not confirmed
    open_pages       limits the number of open pages

Imported by: `ui.app`, `ui.dashboard`, `ui.pages`, `ui.staff`.
"""
