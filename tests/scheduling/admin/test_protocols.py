import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from scheduling import protocols
from scheduling.core.words import Actor
from scheduling.models import ProtocolVersion
from scheduling.protocols import trying
from tests import cast
from tests.cast import NOW
from tests.scheduling.admin import screens
from tests.scheduling.admin.conftest import SignIn
from tests.scheduling.admin.forms import told

GAP = "rules/SEED-GAP-RF"
DAYS = f"{GAP}/tiers/0/below"


@pytest.fixture
def lead(sign_in: SignIn) -> Client:
    return sign_in("medical lead")


@pytest.fixture
def draft(clinic: cast.Clinic) -> ProtocolVersion:
    return protocols.copy(
        version_id=clinic.protocol.pk, name="Ten days", by=Actor(name="x"), now=NOW
    )


def page_of(version: ProtocolVersion, name: str = "change", *more: object) -> str:
    prefix = "scheduling_protocolversion" if name == "change" else "protocol"
    return reverse(f"admin:{prefix}_{name}", args=[version.pk, *more])


def test_version_is_read_as_sentences_with_source_and_sureness(
    clinic: cast.Clinic, lead: Client
) -> None:
    page = lead.get(page_of(clinic.protocol)).content.decode()
    for row in protocols.read(clinic.protocol).rules:
        assert (row.code in page, escape(row.source) in page) == (True, True)
    assert "less than 7 days is not possible" in page
    weak = sum(row.sureness in {"C", "D"} for row in protocols.read(clinic.protocol).rules)
    assert page.count(">weak source<") == weak


def test_life_of_a_draft(clinic: cast.Clinic, lead: Client) -> None:
    lead.post(page_of(clinic.protocol, "copy"), {"name": "Ten days"})
    draft = ProtocolVersion.objects.get(name="Ten days")

    form = lead.get(page_of(draft, "figures", GAP)).context["form"]
    typed = {bound.html_name: bound.value() for bound in form if bound.value() is not None}
    saved = lead.post(page_of(draft, "figures", GAP), {**typed, DAYS: 10}, follow=True)
    assert told(saved) == ["1 figure changed."]
    assert "less than 10 days is not possible" in saved.content.decode()

    compared = lead.get(page_of(draft, "compare")).content.decode()
    assert "<td>7</td><td>10</td>" in compared

    tried = lead.get(page_of(draft, "try"))
    assert {case.id for case in tried.context["differing"]} != set()

    asked = lead.get(page_of(draft, "activate")).content.decode()
    assert "activate protocol 2" in asked
    assert protocols.active() == clinic.protocol

    done = lead.post(page_of(draft, "activate"), follow=True)
    assert told(done) == ["Protocol 2 is in force from now on."]
    draft.refresh_from_db()
    assert (draft.state, draft.activated_by, draft.activated_at) == ("active", "medical lead", NOW)
    assert protocols.active() == draft


def test_draft_names_the_coming_visits_it_would_refuse(
    clinic: cast.Clinic,
    draft: ProtocolVersion,
    lead: Client,
    sign_in: SignIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screens.visit(clinic, n=1)
    screens.visit(clinic, n=22, treatment=clinic.filler)
    protocols.amend(version_id=draft.pk, new={DAYS: 30}, by=Actor(name="x"), now=NOW)

    named = sign_in("manager").get(page_of(draft, "try")).content.decode()
    assert ("Ada Pine" in named, "21 &lt; 30" in named) == (True, True)
    assert "not tried" not in named
    monkeypatch.setattr(trying, "MOST_VISITS", 1)
    for page in ("try", "activate"):
        assert "1 later visit was not tried" in lead.get(page_of(draft, page)).content.decode()
    monkeypatch.undo()
    far = sign_in("manager", cast.site_named("There"), name="far").get(page_of(draft, "try"))
    assert ("Ada Pine" in far.content.decode(), far.context["hidden"]) == (False, 2)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({DAYS: ""}, "whole number"),
        ({f"{GAP}/tiers/1/below": 5, f"{GAP}/tiers/1/severity": "override"}, "limits rise"),
        ({f"{GAP}/tiers/1/below": 14, f"{GAP}/tiers/1/severity": "hard"}, "milder"),
        ({f"{GAP}/sureness": "D"}, "sureness D is never hard"),
    ],
)
def test_figures_without_sense_are_refused_on_their_form(
    draft: ProtocolVersion, lead: Client, typed: dict[str, object], sentence: str
) -> None:
    form = lead.get(page_of(draft, "figures", GAP)).context["form"]
    shown = {bound.html_name: bound.value() for bound in form if bound.value() is not None}
    page = lead.post(page_of(draft, "figures", GAP), {**shown, **typed})
    assert page.status_code == 200
    assert sentence in " ".join(page.context["form"].non_field_errors())
    draft.refresh_from_db()
    assert draft.document["rules"][0]["tiers"] == [[7, "hard"]]


def test_active_version_has_no_figures_form(clinic: cast.Clinic, lead: Client) -> None:
    assert lead.get(page_of(clinic.protocol, "figures", GAP)).status_code == 403
    assert "Edit</a>" not in lead.get(page_of(clinic.protocol)).content.decode()


def test_section_that_is_none_is_not_found(draft: ProtocolVersion, lead: Client) -> None:
    assert lead.get(page_of(draft, "figures", "rules/NONE")).status_code == 404


def test_draft_is_discarded(draft: ProtocolVersion, lead: Client) -> None:
    page = lead.post(page_of(draft, "discard"), follow=True)
    assert told(page) == ["The draft was discarded."]
    assert not ProtocolVersion.objects.filter(pk=draft.pk).exists()


def test_copy_without_a_name_is_told(clinic: cast.Clinic, lead: Client) -> None:
    page = lead.post(page_of(clinic.protocol, "copy"), {"name": " "}, follow=True)
    assert told(page) == ["Give the draft a name, such as what it is to change."]


@pytest.mark.parametrize(
    ("who", "answers"),
    [
        ("medical lead", {"read": 200, "figures": 200, "copy": 302, "activate": 200}),
        ("clinician", {"read": 200, "figures": 403, "copy": 403, "activate": 403}),
        ("manager", {"read": 200, "figures": 403, "copy": 403, "activate": 403}),
        ("reception", {"read": 403, "figures": 403, "copy": 403, "activate": 403}),
    ],
)
def test_only_the_medical_lead_changes_and_activates(
    draft: ProtocolVersion, sign_in: SignIn, who: str, answers: dict[str, int]
) -> None:
    client = sign_in(who)
    got = {
        "read": client.get(page_of(draft)).status_code,
        "figures": client.get(page_of(draft, "figures", GAP)).status_code,
        "copy": client.post(page_of(draft, "copy"), {"name": "mine"}).status_code,
        "activate": client.get(page_of(draft, "activate")).status_code,
    }
    assert got == answers


def test_nothing_is_activated_by_a_clinician(
    clinic: cast.Clinic, draft: ProtocolVersion, doctor: Client
) -> None:
    assert doctor.post(page_of(draft, "activate")).status_code == 403
    assert doctor.post(page_of(draft, "discard")).status_code == 403
    assert protocols.active() == clinic.protocol


@pytest.mark.parametrize("name", ["copy", "discard"])
def test_nothing_is_changed_by_a_link(draft: ProtocolVersion, lead: Client, name: str) -> None:
    assert lead.get(page_of(draft, name)).status_code == 405
