import pytest
from django.contrib.auth.models import User
from django.test import Client

PASSWORD = "a long word for a door"


@pytest.fixture
def member(db: None) -> User:
    return User.objects.create_superuser("ann", password=PASSWORD)


def sign_in(client: Client, password: str) -> tuple[int, str]:
    answer = client.post(
        "/accounts/login/?next=/admin/", {"login": "ann", "password": password, "next": "/admin/"}
    )
    return answer.status_code, answer.headers.get("Location", "")


def test_the_admin_sends_a_stranger_to_the_one_sign_in_page(client: Client, db: None) -> None:
    first = client.get("/admin/")
    assert (first.status_code, first["Location"]) == (302, "/admin/login/?next=/admin/")
    second = client.get(first["Location"])
    assert (second.status_code, second["Location"]) == (302, "/accounts/login/?next=%2Fadmin%2F")


def test_right_password_opens_the_admin(client: Client, member: User) -> None:
    assert sign_in(client, PASSWORD) == (302, "/admin/")
    assert client.get("/admin/").status_code == 200


def test_wrong_passwords_are_throttled(client: Client, member: User) -> None:
    for _ in range(5):
        assert sign_in(client, "guess")[0] == 200
    page = client.post("/accounts/login/", {"login": "ann", "password": PASSWORD})
    assert "Too many failed login attempts" in page.content.decode()


def test_sign_in_page_offers_a_passkey_and_no_sign_up(client: Client, db: None) -> None:
    page = client.get("/accounts/login/").content.decode()
    assert ("passkey_login" in page, "signup" in page) == (True, False)
    assert 'name="remember"' not in page


def test_nobody_signs_up(client: Client, db: None) -> None:
    data = {"username": "eve", "password1": PASSWORD, "password2": PASSWORD}
    client.post("/accounts/signup/", data)
    assert User.objects.count() == 0


def test_second_factor_is_set_up_after_the_password_is_asked_again(
    client: Client, member: User
) -> None:
    sign_in(client, PASSWORD)
    path = "/accounts/2fa/totp/activate/"
    client.post(f"/accounts/reauthenticate/?next={path}", {"password": PASSWORD, "next": path})
    page = client.get(path)
    assert (page.status_code, "data:image/svg+xml" in page.content.decode()) == (200, True)


def test_one_who_is_no_member_of_staff_is_turned_away(client: Client, db: None) -> None:
    client.force_login(User.objects.create_user("pat"))
    assert client.get("/admin/login/").status_code == 403
