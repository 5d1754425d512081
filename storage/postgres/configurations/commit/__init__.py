"""Group commit: ops that wait at the same moment share one statement.

    committer   takes ops, and sends those without an answer again
    queue       ops that wait for a connection, one batch per configuration
    waiting     one op, and the states that it goes through
    statement   the one statement, and why it is right
    connection  a pool connection with its prepared statements

Imported by: `app.parts`, `realtime`.
"""
