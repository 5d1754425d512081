"""Commands that use the published protocol, through the Python client.

    tail         `nest tail`: prints the events of a house, across reconnects
    edit         `nest edit`: sends one atomic op and prints its outcome
    soak         `nest soak`: many people edit several houses over connections that break
    ledger       compares the ops and events of a soak run with the server's log
    conformance  `nest conformance`: tests a server or a client against the rules of the protocol
    asking       the arguments of these commands: address, house, person
    who          the identity of a command without a token
    show         formats money, choices, changes and reasons for people

Imported by: `app.cli`, by the name of the command.
"""
