from datetime import timedelta

import pytest

from scheduling import booking, protocols
from scheduling.core.words import Actor
from scheduling.models import Appointment, ProtocolVersion
from scheduling.protocols import trying
from tests import cast
from tests.cast import NOW

pytestmark = pytest.mark.django_db
LEAD = Actor(name="Dr Lead")


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


@pytest.fixture
def draft(clinic: cast.Clinic) -> ProtocolVersion:
    return protocols.copy(version_id=clinic.protocol.pk, name="Try", by=LEAD, now=NOW)


def amend(draft: ProtocolVersion, **figures: object) -> ProtocolVersion:
    new = {key.replace("__", "/").replace("_", "-"): value for key, value in figures.items()}
    protocols.amend(version_id=draft.pk, new=new, by=LEAD, now=NOW)
    draft.refresh_from_db()
    return draft


def book(clinic: cast.Clinic, treatment: str, days: int) -> Appointment:
    return booking.book(
        wish=clinic.wish(getattr(clinic, treatment)),
        start=cast.at(cast.day(days), 11),
        by=cast.reception(),
        now=NOW,
    ).appointment


def test_shipped_protocol_passes_every_worked_case(clinic: cast.Clinic) -> None:
    tried = protocols.try_on_cases(clinic.protocol)
    assert len(tried) > 20
    assert [case.id for case in tried if case.differs] == []


def test_changed_figure_shows_in_the_cases_that_turn_on_it(draft: ProtocolVersion) -> None:
    amend(draft, **{"rules/SEED-GAP-RF/tiers/0/below": 60})
    differing = [case for case in protocols.try_on_cases(draft) if case.differs]
    assert differing
    assert all("SEED-GAP-RF" in case.codes for case in differing)


def test_differences_are_told_in_words(draft: ProtocolVersion) -> None:
    amend(draft, **{"rules/SEED-GAP-RF/tiers/0/below": 10})
    told = [line for case in protocols.try_on_cases(draft) for line in case.differs]
    assert "verdict: blocked, not allowed" in told
    assert any(line.startswith("first day that is allowed: 2026-06-12, not") for line in told)
    assert not any("_" in line for line in told)


def test_visits_beyond_those_that_are_tried_are_counted(
    clinic: cast.Clinic, draft: ProtocolVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    book(clinic, "resurfacing", 1)
    book(clinic, "filler", 22)
    assert protocols.untried(now=NOW) == 0
    monkeypatch.setattr(trying, "MOST_VISITS", 1)
    assert protocols.untried(now=NOW) == 1
    amend(draft, **{"rules/SEED-GAP-RF/tiers/0/below": 30})
    assert len(protocols.try_on_visits(draft, now=NOW)) == 1


def test_same_figures_change_no_coming_visit(clinic: cast.Clinic, draft: ProtocolVersion) -> None:
    book(clinic, "resurfacing", 1)
    assert protocols.try_on_visits(draft, now=NOW) == []


def test_stricter_draft_names_the_coming_visit_it_would_refuse(
    clinic: cast.Clinic, draft: ProtocolVersion
) -> None:
    book(clinic, "resurfacing", 1)
    filler = book(clinic, "filler", 22)
    amend(draft, **{"rules/SEED-GAP-RF/tiers/0/below": 30})

    tried = protocols.try_on_visits(draft, now=NOW)

    named = {t.appointment.treatment.name: t for t in tried}
    assert set(named) == {"Laser resurfacing", "Filler"}
    assert named["Filler"].appointment == filler
    assert (named["Filler"].before, named["Filler"].after) == ("allowed", "blocked")
    assert named["Filler"].refused_now
    assert [(r.code, r.arithmetic) for r in named["Filler"].reasons] == [("SEED-GAP-RF", "21 < 30")]
    filler.refresh_from_db()
    assert filler.status == "booked"


def test_visits_of_the_past_are_not_tried(clinic: cast.Clinic, draft: ProtocolVersion) -> None:
    book(clinic, "resurfacing", 1)
    book(clinic, "filler", 22)
    amend(draft, **{"rules/SEED-GAP-RF/tiers/0/below": 30})
    assert protocols.try_on_visits(draft, now=NOW + timedelta(days=40)) == []
