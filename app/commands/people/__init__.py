"""Commands about people: access of admins, and personal data.

    admin_link      `nest admin-link`: gives access to an admin, or to an admin's program
    admin_sessions  `nest admin-sessions`: lists the open admin sessions, and ends them
    privacy         `nest privacy`: exports all data about a person, or erases it

Imported by: `app.cli`, by the name of the command.
"""
