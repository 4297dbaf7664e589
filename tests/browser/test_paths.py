"""The patients' ways through their pages, on a phone, with and without JavaScript, in two languages."""

from collections.abc import Callable

import pytest

from notifications.models import CareAnswer
from scheduling import links
from scheduling.models import Appointment, Patient, SignedConsent, Submission
from scheduling.papers.questions import form
from tests import cast, neighbours
from tests.browser import looking
from tests.browser.phone import Phone
from tests.neighbours import ADA, Street
from tests.notifications.pages import door
from tests.scheduling.pages import test_consents

Take = Callable[..., Phone]
NEW = "+447700900177"

EN, ES = ("en", True), ("es", False)
pytestmark = pytest.mark.parametrize("way", [EN, ES], ids=["en", "es-without-scripts"])


@pytest.fixture
def language(way: tuple[str, bool]) -> str:
    return way[0]


@pytest.fixture
def hand(phone: Take, way: tuple[str, bool]) -> Callable[[], Phone]:
    """Hand out phones that speak the language, with scripts or without."""

    def take() -> Phone:
        taken = phone(java_script_enabled=way[1], locale=way[0])
        taken.scripts = way[1]
        taken.speaks(way[0])
        return taken

    return take


def look(at: Phone) -> None:
    """Hold a page that only a way leads to to what every page is held to; axe is a script."""
    if at.scripts:
        looking.assert_fine(at)


def test_from_the_message_to_a_moved_visit_in_five_taps(street: Street, hand: Take) -> None:
    was = street.bos.start
    bos = hand()
    bos.open(f"/v/{street.tokens['bo']}/")
    assert "12 Harley Street" in bos.said
    bos.tap('a[href$="/move/"]')
    bos.shot("move")
    bos.tap('main a[href*="/move/"]')
    look(bos)
    bos.tap("main button.main")
    street.bos.refresh_from_db()
    assert street.bos.start != was
    assert bos.path.endswith("/moved/")
    assert bos.taps <= 5
    look(bos)
    # the message of before leads nowhere any more, on any phone
    later = hand()
    assert later.open(f"/v/{street.tokens['bo']}/").status == 410
    assert "+44 20 7946 0000" in later.said
    look(later)


def test_a_visit_is_confirmed_written_about_and_cancelled(
    street: Street, hand: Take, language: str
) -> None:
    bos = hand()
    bos.open(f"/v/{street.tokens['bo']}/")
    bos.shot("visit")
    bos.tap('button[value="confirm"]')
    street.bos.refresh_from_db()
    assert street.bos.confirmed_at == cast.NOW
    switches_language(bos, language)
    bos.tap('a[href$="/messages/"]')
    bos.page.locator('input[name="by"][value="sms"]').set_checked(checked=False)
    bos.tap("main button.main")
    street.bo.refresh_from_db()
    assert street.bo.channel == "email"
    look(bos)
    bos.tap("a.back")
    bos.tap('a[href$="/cancel/"]')
    bos.tap("button.danger")  # nothing filled in: told what is missing, nothing is lost
    look(bos)
    bos.pick("reason", "ill")
    bos.fill(birth_year="1985")
    bos.tap("button.danger")
    street.bos.refresh_from_db()
    assert (street.bos.status, bos.path.endswith("/cancelled/")) == ("cancelled", True)
    look(bos)


def switches_language(at: Phone, language: str) -> None:
    where = at.path
    at.tap('footer button[value="ar"]')
    html = at.page.locator("html")
    assert (html.get_attribute("lang"), html.get_attribute("dir")) == ("ar", "rtl")
    assert at.path == where
    at.tap(f'footer button[value="{language}"]')


def test_a_plan_is_seen_and_its_proposal_accepted(street: Street, hand: Take) -> None:
    proposed = neighbours.with_proposal(street)
    hers = hand()
    hers.open(f"/v/{street.tokens['visit']}/")
    hers.tap('a[href$="/plan/"]')
    assert hers.page.locator("svg.plan-picture").is_visible()
    hers.shot("plan")
    hers.signed_in(neighbours.admitted(street.ada, ADA))
    hers.open(f"/my/plans/{proposed.pk}/")
    hers.tap("main form button.main")
    assert hers.page.url.endswith("?done=accepted")
    booked = Appointment.objects.filter(series=proposed.series_id, status="booked")
    assert booked.count() == 3
    look(hers)


def comes_in(at: Phone, number: str) -> None:
    """Ask for a code and type the one that the provider was handed."""
    at.open("/my/")
    assert at.path == "/my/sign-in/"
    at.fill(address=number)
    at.tap("main button.main")
    look(at)
    at.fill(code=door.delivered()[-1])
    at.tap("main button.main")
    look(at)


def test_somebody_known_signs_in_by_code_and_books(street: Street, hand: Take) -> None:
    bos = hand()
    comes_in(bos, neighbours.BO)
    bos.fill(day="12", month="4", year="1985")
    bos.tap("main button.main")
    assert bos.path == "/my/"
    bos.tap('a[href="/my/book/"]')
    bos.tap(f'button[name="choice"][value="{street.clinic.review.pk}"]')
    bos.shot("booking")
    look(bos)
    bos.tap('button[name="at"]')
    assert "08:10" in bos.said  # kept for ten minutes
    look(bos)
    bos.fill(note="By bus")
    bos.tap('button[value="book"]')
    assert bos.path == "/my/book/done/"
    assert Appointment.objects.filter(patient=street.bo, note="By bus", status="booked").exists()
    look(bos)


def confirms(at: Phone) -> None:
    """Choose the first start of the only treatment for somebody new, and book it."""
    look(at)
    at.tap('button[name="at"]')
    look(at)
    at.tap('button[value="book"]')


def test_somebody_new_books_a_consultation(street: Street, hand: Take, language: str) -> None:
    hers = hand()
    comes_in(hers, NEW)
    hers.fill(day="1", month="5", year="1990")
    hers.tap("main button.main")
    look(hers)
    hers.tap('button[value="new"]')
    hers.tap("main button.main")  # a name is missing: said on top and at the field
    look(hers)
    hers.fill(given="Bea", family="Lowe")
    hers.tap("main button.main")
    look(hers)
    hers.fill(day="1", month="5", year="1990")
    hers.tap("main button.main")
    look(hers)
    hers.fill(email="bea@example.org")
    hers.pick("language", language)
    hers.pick("agreed", "sms")
    hers.tap("main button.main")
    confirms(hers)
    bea = Patient.objects.get(given_name="Bea", family_name="Lowe")
    visit = Appointment.objects.get(patient=bea, status="booked")
    assert (visit.procedure, bea.phone, bea.language) == ("consultation", NEW, language)
    look(hers)


def test_a_history_is_filled_in_and_a_consent_signed(
    street: Street, hand: Take, language: str
) -> None:
    test_consents.text(language=language)
    hers = hand()
    hers.open(f"/v/{street.tokens['visit']}/")
    hers.tap('a[href$="/forms/"]')
    hers.tap('a[href$="/forms/history/"]')
    hers.shot("history")
    hers.tap("main button.main")  # not answered: the summary leads to the question
    look(hers)
    for _ in form().questions:
        hers.pick("answer", "no")
        hers.tap("main button.main")
    assert hers.path.endswith("/history/check/")
    look(hers)
    hers.tap("main button.main")
    assert Submission.objects.filter(patient=street.ada).count() == 1
    look(hers)
    hers.tap('main a[href$="/forms/"]')
    hers.tap('a[href$="/forms/consent/"]')
    hers.tap("main button.main")
    look(hers)
    hers.pick("agree", "yes")
    hers.fill(name="Ada Pine")
    hers.tap("main button.main")
    assert SignedConsent.objects.get().signed_name == "Ada Pine"
    assert "Ada Pine" in hers.said
    look(hers)


def test_how_it_is_is_answered_and_an_offer_taken(street: Street, hand: Take) -> None:
    hers = hand()
    hers.open(f"/c/{street.tokens['care']}/")
    hers.tap('button[name="answer"][value="worse"]')
    assert CareAnswer.objects.get(appointment=street.done).answer == "worse"
    look(hers)
    hers.open(f"/o/{street.tokens['offer']}/")
    hers.tap('button[value="accept"]')
    street.offer.refresh_from_db()
    assert street.offer.state == "accepted"
    look(hers)
    # a link is one visit's: its phone opens nothing of the patient's other doors
    other = links.issue(appointment=street.bos, now=cast.NOW)
    hers.open(f"/v/{other}/")
    hers.open("/my/data/")
    assert hers.path == "/my/sign-in/"
