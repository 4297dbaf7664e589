import pytest
from django.test import Client

from clinic.tasks import tick


def test_livez_answers_without_any_server(client: Client) -> None:
    assert client.get("/livez").json() == {"live": True}


@pytest.mark.django_db
def test_readyz_names_each_check(client: Client) -> None:
    tick()
    answer = client.get("/readyz")
    assert list(answer.json()["checks"]) == [
        "database",
        "migrations",
        "broker",
        "beat",
        "messages",
    ]
