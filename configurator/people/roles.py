"""Roles, and the one table that says which permissions each role has."""

from enum import StrEnum
from typing import assert_never


class Permission(StrEnum):
    """A permission of a role: in a configuration, or, from WATCH_ACTIVITY on, everywhere."""

    VIEW = "view"
    EDIT = "edit"
    INVITE = "invite"
    INQUIRE = "inquire"
    WATCH_ACTIVITY = "watch_activity"
    ANALYSE = "analyse"
    RUN_SERVICE = "run_service"
    HANDLE_PRIVACY = "handle_privacy"
    MANAGE_STAFF = "manage_staff"


class Role(StrEnum):
    """A person's role in a configuration; admin is a role in the company."""

    # Weakest first: a link never lowers a role, and nobody can invite to a role above their own.
    # Admin is last, so nobody in a configuration is strong enough to give it.
    VIEWER = "viewer"
    EDITOR = "editor"
    ADVISOR = "advisor"
    OWNER = "owner"
    ADMIN = "admin"

    def may(self, permission: Permission) -> bool:
        """Whether this role has this permission."""
        return permission in _PERMISSIONS[self]

    def is_at_least(self, other: "Role") -> bool:
        """Whether this role is as strong as the other one, or stronger."""
        return _STRENGTH[self] >= _STRENGTH[other]


def _permissions(role: Role) -> frozenset[Permission]:
    """The table of permissions. A role without a row fails the type check."""
    match role:
        case Role.VIEWER:
            return frozenset({Permission.VIEW})
        case Role.EDITOR:
            return frozenset({Permission.VIEW, Permission.EDIT})
        case Role.ADVISOR | Role.OWNER:
            return frozenset(
                {Permission.VIEW, Permission.EDIT, Permission.INVITE, Permission.INQUIRE}
            )
        case Role.ADMIN:
            # An admin may look at a house, visibly (presence), but cannot change it.
            return frozenset(
                {
                    Permission.VIEW,
                    Permission.WATCH_ACTIVITY,
                    Permission.ANALYSE,
                    Permission.RUN_SERVICE,
                    Permission.HANDLE_PRIVACY,
                    Permission.MANAGE_STAFF,
                }
            )
        case _:
            assert_never(role)


_PERMISSIONS = {role: _permissions(role) for role in Role}
_STRENGTH = {role: strength for strength, role in enumerate(Role)}


def roles_with(permission: Permission) -> tuple[Role, ...]:
    """The roles that have this permission, weakest first."""
    return tuple(role for role in Role if role.may(permission))
