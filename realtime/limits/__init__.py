"""Limits: token buckets, and the allowances of each network, person and connection.

    allowances   allowances by network and person, and their use
    connections  limits of messages over connections
    buckets      token buckets in whole nanoseconds. Pure

Imported by: `app.parts`, `realtime.actions`, `realtime.api`, `realtime.connections`,
`realtime.edge`, `realtime.transports`, `ui.live`.
"""
