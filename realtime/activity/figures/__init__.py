"""Figures of a range: their list, their queries and answers, replays, scheduled files.

    views              the list of figures: name, parameters, answer and table of each
    funnel             the steps of the funnel, and the shares of its rows
    parameters, query  the parameters of figures, and their reading
    answers            the answers of analytics
    tables             sheets of figures whose rows are not simply those of the answer
    recent             answers that took long, kept for a while
    replay             carries out the log of a house again, and compares
    scheduled_csv      files of figures on a schedule

Imported by: `app`, `realtime.api`, `ui`, `workers`.
"""
