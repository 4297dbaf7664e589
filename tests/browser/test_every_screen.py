"""Every screen of the admin that opens by an address: axe finds nothing a person would trip over.

The screens are read off the admin's own URLs and the sidebar, never listed by hand: a route that is
neither looked at nor named below as no screen is red.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.urls import URLPattern, URLResolver, reverse
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer
from rest_framework.authtoken.models import Token

from clinic import navigation
from notifications.models import Breaker, CareAnswer, MessageText, OptOut, Reply, SmsPrice
from scheduling import protocols
from scheduling.models import (
    Absence,
    Appointment,
    Change,
    Patient,
    ProtocolVersion,
    Record,
    Resource,
    Site,
    Todo,
    Treatment,
)
from tests import cast, neighbours
from tests.browser.desk import signed_in
from tests.browser.looking import AXE, TAGS
from tests.browser.phone import joined
from tests.neighbours import Street
from tests.scheduling import breaches

NO_SCREENS = {
    # answers to a script, files, and what only a form may send
    "search", "autocomplete", "jsi18n", "view_on_site", "login", "logout", "password_change_done",
    "app_list", "care_photo", "submission_pdf", "signedconsent_pdf",
    "scheduling_appointment_board_pulse", "scheduling_appointment_board_step",
    "scheduling_appointment_sheet_file", "scheduling_appointment_tick",
    "scheduling_appointment_step", "scheduling_appointment_days", "scheduling_appointment_news",
    "scheduling_appointment_patients", "scheduling_appointment_starts",
    "scheduling_appointment_why", "scheduling_appointment_diary_book",
    "scheduling_appointment_diary_cancel", "scheduling_appointment_diary_move",
    "scheduling_appointment_diary_undo", "scheduling_appointment_papers",
    "scheduling_appointment_undo",
    "scheduling_intake_hand_in", "scheduling_intake_template", "scheduling_patient_export",
    "scheduling_treatment_export", "plans_plan_step", "plans_plantemplate_copy",
    "plans_plantemplate_retire", "plans_plantemplate_reinstate", "protocol_copy",
    "protocol_discard", "record_finish", "record_accept", "record_withdraw",
    "notifications_message_replay", "notifications_messagetext_preview",
}  # fmt: skip
MARK = " <img src=mark>"
OWN = ("_history", "_delete")
"""Pages of the admin itself, one template each for every kind of row."""

_AXE = """async ([whole, tags]) => {
  document.querySelectorAll('details').forEach(each => each.open = true);
  const options = { resultTypes: ['violations'], preload: false, elementRef: false,
    runOnly: { type: 'tag', values: tags } };
  const at = whole ? document : { exclude: [['#nav-sidebar']] };
  const found = await axe.run(at, options);
  return found.violations.flatMap(each => each.nodes.map(node =>
    `${each.id}: ${node.html.slice(0, 150)} ${node.any[0]?.message ?? ''}`));
}"""
_DARK = """async () => {
  document.documentElement.classList.add('dark');
  const options = { resultTypes: ['violations'], preload: false, elementRef: false,
    runOnly: { type: 'rule', values: ['color-contrast'] } };
  const found = await axe.run({ exclude: [['#nav-sidebar']] }, options);
  return found.violations.flatMap(each => each.nodes.map(node =>
    `dark: ${node.html.slice(0, 150)} ${node.any[0]?.message ?? ''}`));
}"""
IN_THE_DARK = {
    # one of each kind of screen: list, form, form with rows, form with links, our own
    "scheduling_appointment_changelist", "scheduling_patient_change", "scheduling_site_change",
    "scheduling_todo_change", "protocol_try", "protocol_figures", "scheduling_appointment_move",
    "scheduling_appointment_change", "plans_plan_change", "scheduling_appointment_late",
}  # fmt: skip
LAWS = [each for each in TAGS if each != "best-practice"]


def _rows(street: Street) -> None:
    """Write one row of each kind that the street has none of."""
    site, day = street.clinic.site, cast.day(0)
    OptOut.objects.create(channel="sms", address="+447700900123", at=cast.NOW, source="staff")
    Breaker.objects.create(
        channel="sms", provider="twilio", trouble="account", since=cast.NOW, until=cast.NOW
    )
    Reply.objects.create(
        provider="twilio", provider_id="x1", channel="sms", sender="+447700900123",
        body="Is there parking?", at=cast.NOW, patient=street.ada, intent="unclear",
    )  # fmt: skip
    CareAnswer.objects.create(
        appointment=street.done, told_version=1, day=1, answer="better", source="link", at=cast.NOW
    )
    SmsPrice.objects.create(
        site=site, price="0.04", currency="GBP", valid_from=day, source="a bill"
    )
    MessageText.objects.get_or_create(kind="booked", channel="sms", language="en")
    Todo.objects.create(site=site, patient=street.ada, text="Call back", created_at=cast.NOW)
    Change.objects.create(
        at=cast.NOW, by="Sam", verb="add", subject="site", subject_id=site.pk, what={}
    )
    breaches.handed_over()
    Absence.objects.create(
        resource=street.clinic.nurse, cause="leave", start=cast.at(cast.day(8), 0),
        end=cast.at(cast.day(10), 0),
    )  # fmt: skip
    protocols.copy(
        version_id=street.clinic.protocol.pk, name="Draft", by=cast.clinician(), now=cast.NOW
    )
    other = cast.staff_user("other", site)
    EmailAddress.objects.create(user=other, email="other@example.org")
    Authenticator.objects.create(user=other, type="recovery_codes", data={})
    Token.objects.create(user=User.objects.get(username="root"))


@pytest.fixture
def house(street: Street) -> Street:
    User.objects.create_superuser("root", "root@example.org", "a-long-password")
    neighbours.with_papers(street)
    neighbours.with_proposal(street)
    _rows(street)
    return street


def _routes(patterns: list[Any]) -> Iterator[tuple[str, URLPattern]]:
    for each in patterns:
        if isinstance(each, URLResolver):
            yield from _routes(each.url_patterns)
        elif each.name:
            yield each.name, each


def _first(rows: Any) -> Any:
    """Answer the key of the first row; a kind without one is a hole in this test."""
    row = rows.order_by("pk").first()
    assert row is not None, f"no {rows.model.__name__} to open: write one in _rows"
    return row.pk


def _custom(street: Street) -> dict[str, list[tuple[list[object], str]]]:
    """Spell what custom screens need in their addresses."""
    ada, draft = street.ada.pk, _first(ProtocolVersion.objects.filter(state="draft"))
    assert street.proposed is not None
    proposal = street.proposed.proposals.order_by("pk").last()
    session = street.proposed.sessions.order_by("pk").first()
    assert proposal is not None
    assert session is not None
    wanted = f"?patient={ada}&treatment={street.clinic.filler.pk}&site={street.clinic.site.pk}"
    return {
        "scheduling_appointment_book": [([], ""), ([], wanted), ([], f"{wanted}&start=2027-01-05T10:00")],
        "scheduling_appointment_card": [([ada], "")],
        "scheduling_appointment_move": [([street.visit.pk], "")],
        "scheduling_intake_merge": [([], f"?stays={ada}&goes={street.bo.pk}")],
        "plans_plan_absence": [([_first(Absence.objects)], "")],
        "plans_plan_adjust": [([street.proposed.pk, proposal.pk, session.pk], "")],
        "protocol_figures": [([draft, "rules/SEED-GAP-RF"], "")],
        "protocol_compare": [([draft], "")],
        "protocol_try": [([draft], "")],
        "protocol_activate": [([draft], "")],
        "auth_user_password_change": [([_first(User.objects)], "")],
    }  # fmt: skip


def _of_rows() -> Iterator[tuple[str, object]]:
    """Name each kind's form of one row, with the row to open."""
    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        rows = model._default_manager.all()
        if model is User:
            rows = rows.exclude(username="root")
        yield f"{name}_change", _first(rows)


def addresses(street: Street) -> dict[str, list[str]]:
    """Spell the addresses of every screen, by the name of its route."""
    found: dict[str, list[str]] = {}
    custom = _custom(street)
    rows = dict(_of_rows())
    for name, _ in _routes(admin.site.get_urls()):
        if name in NO_SCREENS or name.endswith(OWN):
            continue
        asked = custom.get(name) or [([rows[name]] if name in rows else [], "")]
        found[name] = [reverse(f"admin:{name}", args=args) + query for args, query in asked]
    for _, items in navigation.GROUPS:
        for item in items:
            found.setdefault(item.page, [navigation.address(item.page)])
    return found


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, house: Street) -> Iterator[Page]:
    """Seat somebody who may do everything."""
    context = signed_in(browser, live_server.url, User.objects.get(username="root"))
    context.add_init_script(AXE)
    yield context.new_page()
    context.close()


def _write_marks(street: Street) -> None:
    """Put a mark that is markup into all that people type: it is to be read, never drawn."""
    for kind, *fields in (
        (Patient, "given_name", "family_name", "note"),
        (Treatment, "name", "preparation"),
        (Resource, "name"),
        (Site, "name", "address"),
        (Appointment, "note", "cancel_reason"),
        (Todo, "text"),
        (Reply, "body"),
        (Record, "note"),
    ):
        for field in fields:
            said = Concat(F(field), Value(MARK))
            kind._default_manager.update(**{field: said})


def test_no_screen_hurts_and_none_draws_what_was_typed(page: Page, house: Street) -> None:
    """Axe finds nothing on any, and of no mark in names, notes and reasons comes an element."""
    _write_marks(house)
    found: list[str] = []
    seen: set[str] = set()
    marked = 0
    for name, paths in addresses(house).items():
        for path in paths:
            answer = page.goto(path)
            assert answer is not None
            if answer.status == 403 and name.endswith("_add"):
                continue  # nobody adds such rows by hand
            if not answer.ok:
                found.append(f"{name}: {answer.status} {path}")
                continue
            page.evaluate("new Promise(done => setTimeout(done))")
            if page.locator("#diary").count():
                page.wait_for_selector("#diary[data-ready]")
            found += [f"{name}: {each}" for each in page.evaluate(_AXE, [not seen, LAWS])]
            if name in IN_THE_DARK:
                found += [f"{name}: {each}" for each in page.evaluate(_DARK)]
            found += [f"{name}: draws what was typed"] * page.locator("img[src=mark]").count()
            marked += page.content().count("&lt;img src=mark&gt;") > 0
            seen.add(name)
    assert found == [], joined(found)
    assert len(seen) > 90
    assert seen >= IN_THE_DARK
    assert marked > 60, "the mark is shown as it was typed"
