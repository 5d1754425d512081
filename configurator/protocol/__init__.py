"""The one protocol that the page, Socket.IO, raw WebSocket and REST clients speak.

    messages, sharing, watching  every message as a type; those about access; those about
                                 interactions
    envelope                     the fields of all messages, and the reference to a configuration
    codec                        encodes and decodes messages; the only module that knows JSON on
                                 the wire
    nesting, whole_numbers       JSON that is nested too deeply; whole numbers such as 8.0
    schema                       JSON Schema of every message
    codes, request_codes, code   the table of codes; those of unreadable requests; the type of one
    parameters                   parameters in an address, read into typed structs

Imported by: `app.parts`, `realtime`, `ui`.
"""
