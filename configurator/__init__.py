"""The domain, pure: no clock, no chance, no input or output. It imports no other package of ours.

Imports go downwards in this list.

    protocol/    messages, codes, their JSON and their schema
    operations/  intents, rules, outcomes with reasons, undo
    pricing/     totals, lines, the price of every next choice
    activity/    interactions as input and as events, times and ranges of figures
    catalogue/   options and prices, read from YAML; selections
    preview/     the pictures of a house: scene (in space), svg (as drawn)
    people/      roles, presence, names and e-mail addresses
    house_code   the code and the id of a configuration
    errors       the errors of data that callers pass in
    text         a text in German and English

Imported by: `app`, `realtime`, `storage`, `ui`, `workers`.
"""
