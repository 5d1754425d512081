"""The client without I/O. The modules are named as those of the JavaScript client.

    session                one client: hello, houses, questions, the watch
    questions, watch       questions that are sent until answered; the live interactions of an admin
    state                  one house: decides what is sent and told
    joining, place, pause  joins of a house; the place of this person; pauses after a refusal
    known                  everything that is known of a house
    confirmed, queue       the state of the server; the ops without an outcome on top
    selection              a selection, and the likely effect of an operation on it
    operations             operations as they are sent
    sendable               refuses messages that JSON cannot say

Imported by: `app.commands`, `nest_haus_client`.
"""
