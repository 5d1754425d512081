"""Roles: what each may do, and which of two is the stronger one."""

from configurator.people.roles import Permission, Role, roles_with


def test_the_permissions_of_each_role() -> None:
    table = {role: {each.value for each in Permission if role.may(each)} for role in Role}

    assert table == {
        Role.OWNER: {"view", "edit", "invite", "inquire"},
        Role.ADVISOR: {"view", "edit", "invite", "inquire"},
        Role.EDITOR: {"view", "edit"},
        Role.VIEWER: {"view"},
        Role.ADMIN: {
            "view",
            "watch_activity",
            "analyse",
            "run_service",
            "handle_privacy",
            "manage_staff",
        },
    }


def test_the_roles_with_a_permission() -> None:
    assert roles_with(Permission.EDIT) == (Role.EDITOR, Role.ADVISOR, Role.OWNER)
    assert roles_with(Permission.INQUIRE) == (Role.ADVISOR, Role.OWNER)


def test_roles_are_ordered_by_their_strength_not_by_their_names() -> None:
    weakest_first = [Role.VIEWER, Role.EDITOR, Role.ADVISOR, Role.OWNER, Role.ADMIN]

    for place, role in enumerate(weakest_first):
        assert [role.is_at_least(other) for other in weakest_first] == [
            other <= place for other in range(len(weakest_first))
        ]


def test_nobody_in_a_configuration_is_strong_enough_to_make_an_admin() -> None:
    inviting = roles_with(Permission.INVITE)

    assert inviting
    assert not any(role.is_at_least(Role.ADMIN) for role in inviting)
