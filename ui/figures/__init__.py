"""Figures as elements: the same ones on the analytics page and on a shared dashboard.

A figure is a class that builds its elements once, in the slot it is made in, and changes what they
say in ``show``. It knows the answer of the API that it shows, and nothing of how it was asked.

    listed        all figures in their order
    kinds/        the figures themselves
    figure        the interface of a figure
    frame         the section around a figure: title, note, files, room for controls
    chart         a chart with its table
    sorted_table  a table whose columns sort
    ranked        a list of paths, the most frequent first
    columns       columns that several figures have
    words         numbers, money and times of one zone
    names         ids of the catalogue and of events in words
    counted       the time at which figures were counted

Imported by: `ui.dashboard`, `ui.staff`.
"""
