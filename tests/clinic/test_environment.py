import sys
from typing import Any

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured

from clinic import environment


class Told(environ.Env):  # type: ignore[misc]
    """An environment made for one test."""

    def __init__(self, **said: str) -> None:
        super().__init__()
        self.ENVIRON = said


def test_environment_refuses_a_misspelt_name_and_lists_those_that_exist() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^FALLOW_PUBLIC_ULR: no such setting. Known"):
        environment.check_known({"FALLOW_PUBLIC_ULR": "https://book.example", "HOME": "/"})


def test_database_is_read_with_its_options() -> None:
    told = Told(DATABASE_URL="postgres://ann:s%40fe@db.example:5433/fallow?sslmode=require")
    read = environment.database(told)
    assert (read["ENGINE"], read["HOST"], read["PORT"], read["USER"]) == (
        "django.db.backends.postgresql",
        "db.example",
        5433,
        "ann",
    )
    assert (read["PASSWORD"], read["NAME"], read["OPTIONS"]) == (
        "s@fe",
        "fallow",
        {"sslmode": "require", "connect_timeout": 10, "prepare_threshold": sys.maxsize},
    )
    assert (read["CONN_MAX_AGE"], read["CONN_HEALTH_CHECKS"], read["ATOMIC_REQUESTS"]) == (
        60,
        True,
        False,
    )


def test_database_behind_a_pooler_prepares_nothing() -> None:
    told = Told(DATABASE_URL="postgres://db.example/fallow?DISABLE_SERVER_SIDE_CURSORS=True")
    read = environment.database(told)
    assert (read["DISABLE_SERVER_SIDE_CURSORS"], read["OPTIONS"]) == (True, {"connect_timeout": 10})


def test_database_without_an_address_names_the_variable_when_somebody_connects() -> None:
    assert environment.database(Told())["HOST"] == "/DATABASE_URL-is-not-set"


def test_database_reached_by_a_socket_keeps_its_folder() -> None:
    told = Told(DATABASE_URL="postgres:///fallow?host=/run/postgresql")
    assert environment.database(told)["HOST"] == "/run/postgresql"


@pytest.mark.parametrize(
    ("read", "said", "sentence"),
    [
        (environment.database, {"DATABASE_URL": "sqlite:///x"}, "only postgres://"),
        (environment.database, {"DATABASE_URL": "postgres://db.example"}, "name is missing"),
        (environment.redis, {"REDIS_URL": "amqp://mq.example"}, "only redis://"),
        (environment.mail, {"EMAIL_URL": "imap://mail.example"}, r"smtp\+tls:// or"),
        (environment.public_url, {"FALLOW_PUBLIC_URL": "http://book.example"}, "by https only"),
        (environment.public_url, {"FALLOW_PUBLIC_URL": "book.example"}, "write it as https"),
        (environment.public_url, {"FALLOW_PUBLIC_URL": "https://book.example/x"}, "write it as"),
    ],
)
def test_environment_refuses_what_makes_no_sense(
    read: Any, said: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=sentence):
        read(Told(**said))


@pytest.mark.parametrize("text", ["0", "16", "-1", "ten", "1.5", "", "٣"])
def test_number_outside_or_none_is_refused(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="must be a number from 1 to 15"):
        environment.number(Told(N=text), "N", least=1, most=15, default=15)


@pytest.mark.parametrize("text", ["yes", "1", "True", ""])
def test_truth_takes_nothing_but_true_and_false(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="must be one of true, false"):
        environment.truth(Told(T=text), "T")


def test_mail_is_read_with_its_encryption() -> None:
    read = environment.mail(Told(EMAIL_URL="smtp+tls://ann%40clinic:pw@mail.example:587"))
    assert read == {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_FILE_PATH": "",
        "EMAIL_HOST": "mail.example",
        "EMAIL_HOST_PASSWORD": "pw",
        "EMAIL_HOST_USER": "ann@clinic",
        "EMAIL_PORT": 587,
        "EMAIL_USE_TLS": True,
    }


def test_countries_are_read_by_their_two_letters() -> None:
    assert environment.countries(Told(C="GB, IE"), "C") == ["GB", "IE"]
    assert environment.countries(Told(), "C") == []
    with pytest.raises(ImproperlyConfigured, match="gb, Spain is no country"):
        environment.countries(Told(C="gb,ES,Spain"), "C")
