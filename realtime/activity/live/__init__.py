"""The live view of admins: the feed, the watch of each page, alerts.

    view            the live view of a process: adds up reports and counts, pushes frames
    live_frame      the frame with the present figures. Pure
    feed, watcher   reads the stream by id; one reader of it, with its waiting entries
    feed_events     entries of the stream in the form of the live view. Pure
    watch           the interactions of one admin's page, at its own pace
    subscriptions   live interactions over a socket, for programs
    system_events   events of the system for the time line
    alerts, alarms  limits of values; posts to the operator when one is crossed

Imported by: `app.parts`, `realtime.connections`.
"""
