"""Operations on a configuration: intents, rules, outcomes with reasons, the document, undo.

    intents   operations as they are sent
    rules     applies the rules to an intent: done, cut to the size, or refused
    outcomes  the outcome of an intent: committed, adjusted, rejected or conflict
    reasons   reasons in sentences for people
    document  the state of a configuration after a number of operations
    undo      undo and redo of each person, computed from the log

Imported by: `configurator.protocol`, `realtime`, `storage.postgres`.
"""
