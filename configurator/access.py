"""Who may do what with a configuration."""

from enum import StrEnum


class Role(StrEnum):
    """What a person is to a configuration; admin is a role in the house, not in one document."""

    OWNER = "owner"
    ADVISOR = "advisor"
    EDITOR = "editor"
    VIEWER = "viewer"
    ADMIN = "admin"


class Permission(StrEnum):
    """Something that a role may do."""

    VIEW = "view"
    EDIT = "edit"
    INVITE = "invite"
    INQUIRE = "inquire"
    WATCH_ACTIVITY = "watch_activity"


# An admin looks on and is seen doing it (presence), but changes nobody's house.
_ALLOWED: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(
        {Permission.VIEW, Permission.EDIT, Permission.INVITE, Permission.INQUIRE}
    ),
    Role.ADVISOR: frozenset(
        {Permission.VIEW, Permission.EDIT, Permission.INVITE, Permission.INQUIRE}
    ),
    Role.EDITOR: frozenset({Permission.VIEW, Permission.EDIT}),
    Role.VIEWER: frozenset({Permission.VIEW}),
    Role.ADMIN: frozenset({Permission.VIEW, Permission.WATCH_ACTIVITY}),
}


def may(role: Role, permission: Permission) -> bool:
    """Whether this role has this permission."""
    return permission in _ALLOWED[role]


def roles_with(permission: Permission) -> tuple[str, ...]:
    """The roles that have this permission, as they are stored."""
    return tuple(role.value for role in Role if may(role, permission))
