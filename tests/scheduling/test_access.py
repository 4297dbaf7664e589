import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.exceptions import ImproperlyConfigured

from scheduling import access
from scheduling.core.words import Actor
from scheduling.models import Change, Staff
from tests import cast

pytestmark = pytest.mark.django_db


def member(name: str, *groups: str) -> User:
    user = User.objects.create_user(name, password="a-long-password", is_staff=True)
    user.groups.set(Group.objects.filter(name__in=groups))
    return user


def held(user: User) -> set[str]:
    return User.objects.get(pk=user.pk).get_all_permissions()


def test_groups_hold_exactly_their_permissions_after_every_run() -> None:
    access.ensure_groups()
    reception = Group.objects.get(name="reception")
    reception.permissions.clear()
    Group.objects.get(name="clinician").permissions.add(
        *Group.objects.get(name="manager").permissions.all()
    )

    access.ensure_groups()

    for name, wanted in access.PERMISSIONS.items():
        assert held(member(f"a {name}", name)) == set(wanted), name


def test_groups_take_what_upper_floors_add() -> None:
    access.ensure_groups({"reception": {"auth.view_user"}})
    assert "auth.view_user" in held(member("desk", "reception"))


def test_groups_refuse_a_permission_that_does_not_exist() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"scheduling\.fly"):
        access.ensure_groups({"reception": {"scheduling.fly"}})


@pytest.mark.parametrize(
    ("permission", "groups"),
    [
        ("scheduling.work_diary", {"reception", "clinician", "manager"}),
        ("scheduling.override_refusal", {"clinician"}),
        ("scheduling.add_record", {"clinician"}),
        ("scheduling.change_record", {"clinician"}),
        ("scheduling.view_record", {"reception", "clinician", "manager"}),
        ("scheduling.change_treatment", {"manager"}),
        ("scheduling.change_site", {"manager"}),
        ("scheduling.view_change", {"manager"}),
        ("scheduling.move_data", {"manager"}),
        ("auth.change_user", {"manager"}),
        ("scheduling.activate_protocol", {"medical lead"}),
        ("scheduling.change_protocolversion", {"medical lead"}),
        ("scheduling.change_appointment", set()),
        ("scheduling.delete_appointment", set()),
        ("scheduling.delete_patient", set()),
        ("scheduling.delete_record", set()),
        ("scheduling.delete_site", set()),
        ("scheduling.change_change", set()),
        ("auth.delete_user", set()),
        ("auth.change_group", set()),
    ],
)
def test_permission_is_given_to_just_these_groups(permission: str, groups: set[str]) -> None:
    assert {name for name, wanted in access.PERMISSIONS.items() if permission in wanted} == groups


def test_actor_knows_name_sites_and_rights() -> None:
    access.ensure_groups()
    here, _elsewhere = cast.site_named("Here"), cast.site_named("Elsewhere")
    user = member("mia", "clinician")
    user.first_name, user.last_name = "Mia", "Stone"
    user.save()
    Staff.objects.create(user=user).sites.set([here])

    actor = access.actor_of(User.objects.get(pk=user.pk))

    assert actor == Actor(
        name="Mia Stone", user_id=user.pk, may_override=True, sites=frozenset({here.pk})
    )
    assert list(access.visible_sites(user)) == [here]


def test_actor_without_staff_row_works_nowhere() -> None:
    cast.site_named("Here")
    user = member("stranger")
    assert access.actor_of(user) == Actor(name="stranger", user_id=user.pk, sites=frozenset())
    assert list(access.visible_sites(user)) == []


def test_actor_who_works_everywhere_has_no_list_of_sites() -> None:
    here = cast.site_named("Here")
    user = cast.staff_user("roamer", everywhere=True)
    assert access.actor_of(user).sites is None
    assert list(access.visible_sites(user)) == [here]


def test_actor_who_is_superuser_works_everywhere() -> None:
    root = User.objects.create_superuser("root", password="a-long-password")
    assert access.actor_of(root) == Actor(
        name="root", user_id=root.pk, may_override=True, sites=None
    )


def test_actor_of_nobody_may_nothing() -> None:
    gone = User(username="gone", is_active=False, is_superuser=True)
    nobody = Actor(name="nobody", sites=frozenset())
    assert access.actor_of(AnonymousUser()) == nobody
    assert access.actor_of(gone) == nobody


def test_nobody_gives_a_group_that_can_do_more_than_they() -> None:
    groups = access.ensure_groups()
    manager = User.objects.get(pk=member("manager", "manager").pk)
    assert {name for name, group in groups.items() if access.may_give(manager, group)} == {
        "reception",
        "manager",
    }


def test_nobody_changes_an_account_that_can_do_more_than_they() -> None:
    access.ensure_groups()
    manager = member("manager", "manager")
    desk, doctor = member("desk", "reception"), member("doctor", "clinician")
    root = User.objects.create_superuser("root", password="a-long-password")
    reachable = [u.username for u in (desk, doctor, root, manager) if access.may_manage(manager, u)]
    assert reachable == ["desk", "manager"]


def test_standing_of_an_account_is_signed_for() -> None:
    groups = access.ensure_groups()
    site = cast.site_named("Here")
    user = cast.staff_user("mia", site)
    before = access.standing_of(user)
    user.groups.set([groups["reception"]])

    access.sign_for(user=user, before=before, by=Actor(name="Sam"), now=cast.NOW)

    entry = Change.objects.get(subject="user")
    assert (entry.by, entry.verb, entry.what) == ("Sam", "change", {"groups": [[], ["reception"]]})


def test_standing_that_did_not_change_is_no_news() -> None:
    user = cast.staff_user("mia", everywhere=True)
    access.sign_for(user=user, before=access.standing_of(user), by=Actor(name="Sam"), now=cast.NOW)
    assert not Change.objects.exists()
