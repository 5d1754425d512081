"""Shared dashboards: figures for everybody who has a link, read only.

Figures are those of `ui.figures`, the frame is that of `ui.staff`.

    page            the page: its frame, and to whom its sockets belong
    open_dashboard  the page in one tab: the figures of its link, or the reason why there are none
    shown           limits how many show their figures at once
    reading         the HTTP API of shared dashboards, called in this process

Imported by: `ui.app`.
"""
