"""The language of the patients' pages: picked once, remembered, never a way elsewhere."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_language_is_remembered_and_the_same_page_comes_back(client: Client) -> None:
    answer = client.post("/speak/", {"language": "ar", "next": "/v/nothing/"})
    assert (answer.status_code, answer["Location"]) == (302, "/v/nothing/")
    page = client.get("/v/nothing/").content.decode()
    assert ('lang="ar"' in page, 'dir="rtl"' in page) == (True, True)


@pytest.mark.parametrize(
    "away", ["https://elsewhere.example/", "//elsewhere.example/", "elsewhere"]
)
def test_picking_a_language_leads_nowhere_else(client: Client, away: str) -> None:
    assert client.post("/speak/", {"language": "es", "next": away})["Location"] == "/"


def test_unknown_language_is_not_remembered(client: Client) -> None:
    answer = client.post("/speak/", {"language": "xx", "next": "/"})
    assert answer.cookies == {}
