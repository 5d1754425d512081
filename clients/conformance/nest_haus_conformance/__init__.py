"""The conformance kit of the NEST-Haus Live protocol: rule by rule, for servers and for clients.

The rules are those of docs/SPEC.md. The kit speaks to servers as any program would, over their
public addresses; a client under test is a program that it starts and that connects through it.

    __main__        the command line
    checks/         the checks, rule by rule
    verdicts        checks, the rules that they test, and their verdicts
    server          the server under test
    client, driver  the client under test in a scene; the program that it is
    middle          a man in the middle, frame by frame, between that client and the server
    backup          a backup that replaces the client's house
    house           a house of the kit's own, with its people
    peer            a bare WebSocket peer, and a few REST requests

Imported by: `app.commands`.
"""
