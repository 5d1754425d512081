"""The pages for staff: Python on NiceGUI's elements, in the look of `ui.theme`.

`ui.staff.service` shows how to write one: the page lists its sections, and each section is one
module that builds its elements once, reads the HTTP API of admins and shows its answers.
`ui.staff.analytics` keeps its state in the query of its address.

    service/, analytics/  the pages
    page                  the permission that a page needs, and its frame
    open_page             a page of sections in one tab: reads again, shows the section of the
                          address
    page_links            the links to other pages, in the language of the address
    area                  the place of a section in its page, and the services that it uses
    acting                the actions of buttons: one at a time, refusals in words
    table                 a table from rows and cells
    select                a choice of one among several, in the browser's own list
    copied                an address with a button that copies it
    api                   the HTTP API of admins, called in this process with the cookies of the
                          page
    turns                 work that is done one at a time
    frame                 the browser's part of a page: address, refresh, focus, typed text

Imported by: `ui.app`, `ui.dashboard`.
"""
