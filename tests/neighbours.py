"""Two patients, a child and its guardian, and one of everything that a patient's page is about.

Ada has a plan that is booked and one that is proposed, a visit of yesterday, a place on the waiting
list with an offer, papers handed in and signed. Whoever is not Ada must never read her name.
"""

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.test import Client

from notifications import unsubscribing
from notifications.models import Message
from plans import planning
from plans.models import Plan
from scheduling import links, visitors
from scheduling.models import (
    Appointment,
    Link,
    Offer,
    Patient,
    SignedConsent,
    Submission,
    Treatment,
)
from tests import cast
from tests.notifications import stage as messages
from tests.notifications.care import bedside
from tests.plans import stage
from tests.plans.pages import scene
from tests.scheduling.pages import test_consents, way
from tests.scheduling.waiting import stage as waiting

ADA, BO, GWEN = "+447700900123", "+447700900124", "+447700900125"
OF_ADA = re.compile(r"\bAda\b|\bPine\b|7700900123|ada@example", re.IGNORECASE)
"""What stands on no page but Ada's."""


@dataclass(kw_only=True)
class Street:
    """Who lives here, what is theirs, and the tokens that were sent to them."""

    clinic: cast.Clinic
    ada: Patient
    bo: Patient
    kim: Patient
    gwen: Patient
    visit: Appointment
    bos: Appointment
    kims: Appointment
    done: Appointment
    plan: Plan
    offer: Offer
    proposed: Plan | None = None
    tokens: dict[str, str] = field(default_factory=dict)

    def link(self, name: str) -> Link:
        """Answer the link of a token, by the name it has here."""
        return Link.objects.get(token_hash=links._hash(self.tokens[name]))


def built(**facts: Any) -> Street:
    """Build the street on the morning of `cast.NOW`; `facts` are Ada's."""
    clinic = bedside.clinic(address="12 Harley Street\nLondon W1G 9QD")
    Treatment.objects.filter(name__in=["Consultation", "Review"]).update(asks_area=False)
    Treatment.objects.exclude(name="Filler").update(self_booking=True)
    ada = clinic.patient
    Patient.objects.filter(pk=ada.pk).update(**facts)
    ada.refresh_from_db()
    plan = scene.course(clinic, repeat=2)
    bo = cast.patient("Bo", "Ash", phone=BO, consulted=True)
    gwen = cast.patient("Gwen", "Fir", phone=GWEN)
    kim = cast.patient("Kim", "Fir", phone="", email="", birth_date=date(2013, 6, 1), guardian=gwen)
    offer = waiting.offered(waiting.waits(clinic, ada))
    street = Street(
        clinic=clinic,
        ada=ada,
        bo=bo,
        kim=kim,
        gwen=gwen,
        plan=plan,
        offer=offer,
        visit=scene.session(plan, 2),
        bos=scene.visit(clinic, cast.day(8), patient_id=bo.pk),
        kims=scene.visit(clinic, cast.day(9), patient_id=kim.pk),
        done=_yesterday(clinic, ada),
    )
    street.tokens = _tokens(street)
    return street


def _yesterday(clinic: cast.Clinic, patient: Patient) -> Appointment:
    at = messages.House(clinic.site, clinic.review, patient)
    return messages.visit(at, cast.NOW - timedelta(hours=20), status="fulfilled", areas=[])


def _tokens(street: Street) -> dict[str, str]:
    asked = {
        "visit": (street.visit, Link.Purpose.VISIT),
        "bo": (street.bos, Link.Purpose.VISIT),
        "kim": (street.kims, Link.Purpose.VISIT),
        "care": (street.done, Link.Purpose.CARE),
    }
    return {
        name: links.issue(appointment=visit, now=cast.NOW, purpose=purpose)
        for name, (visit, purpose) in asked.items()
    } | {"offer": waiting.link_to(street.offer)}


def with_papers(street: Street) -> tuple[int, int]:
    """Have Ada hand in her history and sign; answer the keys of the two papers."""
    client = Client()
    text = test_consents.text()
    home = way.by_link(client, street.visit)
    way.hand_in(client, home)
    test_consents.sign(client, home, text)
    return Submission.objects.get().pk, SignedConsent.objects.get().pk


def with_proposal(street: Street) -> Plan:
    """Propose a second plan to Ada."""
    course = stage.template("Reviews")
    review = street.clinic.review
    stage.step(course, review, (None, 28, 28, 35), name="Look", repeat=3)
    street.proposed = stage.plan(street.clinic, course)
    planning.propose_held(plan_id=street.proposed.pk, by=stage.DESK, now=cast.NOW)
    return street.proposed


def stop_token(street: Street) -> str:
    """Send what is due, and answer the token by which Ada's e-mails stop."""
    messages.sweep(messages.Carrier())
    mailed = Message.objects.filter(channel="email", patient=street.ada).first()
    assert mailed is not None
    return unsubscribing.way_out(mailed.ref.hex).rstrip("/").rpartition("/")[2]


def admitted(patient: Patient | None, phone: str) -> str:
    """Let somebody in by a code, and answer the token of their cookie."""
    return visitors.admit(patient_id=patient and patient.pk, now=cast.NOW, phone=phone)
