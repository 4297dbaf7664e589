"""What a patient reads where nothing could be done: in their own language, and kept by no cache."""

import json
from importlib.resources import files
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory

from clinic import http
from scheduling.errors import Busy

WORDS = json.loads(files("scheduling").joinpath("data", "trouble_page.json").read_text("utf-8"))


def read(response: Any, language: str, key: str) -> int:
    """Check that a page says it in this language, leaks nothing and stays nowhere."""
    page = response.content.decode()
    assert WORDS[language][key] in page, page
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in page
    assert response["Referrer-Policy"] == "no-referrer"
    assert "no-store" in response["Cache-Control"]
    status: int = response.status_code
    return status


def test_languages_have_the_same_words() -> None:
    assert set(WORDS) == {"en", "es", "ar"}
    assert set(WORDS["en"]) == set(WORDS["es"]) == set(WORDS["ar"])


@pytest.mark.parametrize("language", ["en", "es", "ar"])
def test_a_patient_is_told_in_the_browsers_language(language: str) -> None:
    client = Client(
        enforce_csrf_checks=True, headers={"accept-language": f"{language}-XX,en;q=0.1"}
    )
    large = "a=" + "x" * 2_000_000
    form = "application/x-www-form-urlencoded"
    assert read(client.post("/my/sign-in/", {"address": "x"}), language, "csrf") == 403
    assert read(client.get("/my/nothing/"), language, "not_found") == 404
    assert read(client.get("/v/see/x/"), language, "not_found") == 404
    assert read(client.get("/my/?a=%00"), language, "malformed") == 400
    assert read(client.post("/v/see/1/", large, content_type=form), language, "too_large") == 413


def test_the_language_that_was_picked_comes_first(client: Client) -> None:
    client.cookies["speaks"] = "ar"
    assert read(client.get("/o/", headers={"accept-language": "es"}), "ar", "not_found") == 404


def test_servers_that_are_away_or_busy_are_told_of_without_asking_them(rf: RequestFactory) -> None:
    layer = http.ClinicErrors(lambda _: http.our_fault(rf.get("/")))
    request = rf.get("/my/", headers={"accept": "text/html", "accept-language": "es"})
    for error, key in ((OperationalError(), "away"), (Busy(), "busy")):
        answer = layer.process_exception(request, error)
        assert answer is not None
        assert read(answer, "es", key) == 503


@pytest.mark.django_db
def test_a_stranger_signs_in_in_arabic(client: Client) -> None:
    page = client.get("/my/left/", headers={"accept-language": "ar"})
    assert ('<html lang="ar" dir="rtl">' in page.content.decode()) is True
    assert page["Content-Language"] == "ar"
