"""Actions of people and programs: authorise, compute, commit, tell. The service layer.

    configurations  creates, opens and edits configurations, and tells the outcome of an op
    access          the configuration that a person may enter
    sharing         makes, accepts, lists and ends invitations and roles
    inquiries       a person sends their house to the company
    people          registers people, and changes their names
    visits          visitor sessions, to which visits belong

Imported by: `app.parts`, `realtime.api`, `realtime.connections`, `realtime.transports`.
"""
