"""Hints between web processes over pub/sub; any of them may be lost.

    bus         publishes and subscribes; tells when hints may be missing
    publisher   a bounded queue, and the task that empties it
    subscriber  one connection, which detects silence

Imported by: `app.parts`, `realtime`.
"""
