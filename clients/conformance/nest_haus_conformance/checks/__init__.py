"""The checks: duties of servers and of clients, rule by rule.

    server_joining     clients connect, join and come back: CN, MS, JN, PS, SN
    server_ops         ops, undo, presence, limits, interactions: OP, UN, PR, LM, AC, ER, TR
    server_access      links and roles end: AU, and JN10 and OP15 after the end
    client_connection  the connection of a client
    client_history     the server's messages: each version once, in order, completely
    client_ops         the ops that a client is asked for
    client_restore     a backup replaces the data

Imported by: `nest_haus_conformance.__main__`.
"""
