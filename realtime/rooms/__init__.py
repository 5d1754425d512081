"""Open configurations: one room each, its order, its members, its fan-out.

    hub, open_rooms  keeps all rooms of this process current; opens and finds them
    room             one open configuration, made of `order`, `following` and `fan_out`
    order            judges and commits ops, one after the other
    following        the head, and every way in which it moves on
    membership       members of this process and of the others
    judge            judges an op on one state. Pure
    guards           the base of an op, and who changed it since
    under_way        ops that are being committed
    recent_ops       the newest ops, for members who missed a few
    undo_stacks      the ops that each person can undo and redo
    fan_out          tells members each version once, in order
    presence         presence and report of this process in Redis
    catalogues       the published catalogues
    parts            the services that all rooms share

Imported by: `app.parts`, `realtime.actions`, `realtime.api`, `realtime.connections`.
"""
