import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from scheduling import access
from scheduling.models import Change
from tests import cast
from tests.scheduling.admin.conftest import SignIn
from tests.scheduling.admin.forms import problems, send, shown

ADD = "/admin/auth/user/add/"


@pytest.fixture
def manager(sign_in: SignIn) -> Client:
    return sign_in("manager")


def change(user: User) -> str:
    return reverse("admin:auth_user_change", args=[user.pk])


def group(name: str) -> Group:
    return Group.objects.get(name=name)


def test_manager_opens_an_account_for_the_desk(clinic: cast.Clinic, manager: Client) -> None:
    answer = send(
        manager,
        ADD,
        username="robin",
        password1="a-very-long-password",
        password2="a-very-long-password",
        groups=[group("reception").pk],
        **{"staff-0-sites": [clinic.site.pk]},
    )
    assert answer.status_code == 302
    robin = User.objects.get(username="robin")
    assert (robin.is_staff, robin.is_superuser) == (True, False)
    actor = access.actor_of(robin)
    assert (actor.sites, actor.may_override) == (frozenset({clinic.site.pk}), False)
    assert Change.objects.get(subject="user").what == {
        "groups": [None, ["reception"]],
        "sites": [None, ["Harley House"]],
    }


def test_manager_gives_no_group_that_can_do_more(clinic: cast.Clinic, manager: Client) -> None:
    page = send(
        manager,
        ADD,
        username="mallory",
        password1="a-very-long-password",
        password2="a-very-long-password",
        groups=[group("clinician").pk],
    )
    assert list(problems(page)) == ["groups"]
    assert not User.objects.filter(username="mallory").exists()


@pytest.mark.parametrize("who", ["clinician", "medical lead", "superuser"])
def test_manager_does_not_reach_a_stronger_account(
    clinic: cast.Clinic, manager: Client, who: str
) -> None:
    other = cast.staff_user("other", clinic.site)
    other.is_superuser = who == "superuser"
    other.save()
    if who != "superuser":
        other.groups.add(group(who))
    password = reverse("admin:auth_user_password_change", args=[other.pk])

    assert manager.get(change(other)).status_code == 200  # to be read
    assert manager.post(change(other), {"username": "taken"}).status_code == 403
    assert (
        manager.post(password, {"password1": "stolen-password", "password2": "stolen-password"})
    ).status_code == 403
    other.refresh_from_db()
    assert (other.username, other.check_password("a-long-password")) == ("other", True)


def test_manager_cannot_make_a_master_key(clinic: cast.Clinic, manager: Client) -> None:
    other = cast.staff_user("other", clinic.site)
    assert "is_superuser" not in shown(manager.get(change(other)))
    answer = send(manager, change(other), is_superuser="on", user_permissions=[1])
    assert answer.status_code == 302
    other.refresh_from_db()
    assert (other.is_superuser, other.user_permissions.count()) == (False, 0)


def test_manager_of_one_site_gives_no_other(clinic: cast.Clinic, manager: Client) -> None:
    there = cast.site_named("There")
    other = cast.staff_user("other", clinic.site)
    page = send(manager, change(other), **{"staff-0-sites": [there.pk], "staff-0-everywhere": "on"})
    assert list(problems(page)) == ["staff-0-sites"]
    assert access.actor_of(other).sites == frozenset({clinic.site.pk})


def test_reception_sees_no_accounts(clinic: cast.Clinic, desk: Client) -> None:
    assert desk.get("/admin/auth/user/").status_code == 403
    assert desk.get(change(cast.staff_user("other"))).status_code == 403


def test_account_is_switched_off_not_deleted(clinic: cast.Clinic, manager: Client) -> None:
    other = cast.staff_user("other", clinic.site)
    url = reverse("admin:auth_user_delete", args=[other.pk])
    assert manager.post(url, {"post": "yes"}).status_code == 403
    assert send(manager, change(other), is_active=None).status_code == 302
    other.refresh_from_db()
    assert other.is_active is False
