"""The figures, those of one tab together.

    kpis, series  key figures of a range; their course over time
    funnel        sessions that reached each step
    choices       options that were chosen, and those that end up together
    prices        the distribution of prices
    paths         the order of choices, and moves between categories
    visitors      people who came back, and how sessions ended
    signals       the page's speed, refusals, errors, hovers and links

Imported by: `ui.figures.listed`.
"""
