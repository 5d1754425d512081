"""People: roles, presence, names and e-mail addresses as strangers type them.

    roles                        roles, and the one table of their permissions
    sharing                      invitations and people with a role, as their owner sees them
    presence                     the members of a room, from this process and from the others
    visible                      cleans text that people typed
    reserved_names, look_alikes  names under which a visitor would pass for staff; letters that look
                                 Latin
    mailboxes                    one form for all spellings of an e-mail address

Imported by: `app.commands`, `configurator.protocol`, `realtime`, `storage`, `ui`.
"""
