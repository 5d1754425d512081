"""The keys of the stream of interactions.

They share one hash tag, so that a transaction over them works on Redis Cluster.
"""

EVENTS = "{activity}:events"
DEAD = "{activity}:dead"
SEEN = "{activity}:seen:"
WAITING = "{activity}:waiting:"
"""Followed by a session's id: the set of its entries that the group has not acknowledged.

Redis removes a set with its last element, so a session whose entries are all stored leaves nothing.
"""

GROUP = "postgres"
HINTS = "activity"
"""The pub/sub channel of empty messages that mean: there are new entries."""
