"""Commands for running the product: the audit, and interactions that could not be stored.

    audit        `nest audit verify`: checks that every line of the audit is present and unchanged
    deadletters  `nest deadletters`: lists and handles entries that could not be stored

Imported by: `app.cli`, by the name of the command.
"""
