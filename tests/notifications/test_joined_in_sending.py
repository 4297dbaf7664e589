"""Two records become one while messages leave: what follows goes to who stays, by a link that opens."""

import re
import threading

import pytest
import time_machine
from django.db import connections
from django.test import Client

from notifications.models import Message
from notifications.providers import Outgoing
from scheduling import booking, merging
from scheduling.merging import Agreed, Pair
from scheduling.models import Patient
from tests import cast
from tests.notifications import stage

BY = cast.reception()


@pytest.fixture
def clinic(transactional_db: None) -> cast.Clinic:
    return cast.build(email="desk@harley.example")


def joined(stays: Patient, goes: Patient) -> None:
    try:
        pair = Pair(stays=stays.pk, goes=goes.pk)
        shown = merging.preview(pair=pair, by=BY, now=cast.NOW)
        agreed = Agreed(versions=shown.versions, seen=shown.seen)
        merging.merge(pair=pair, agreed=agreed, by=BY, now=cast.NOW)
    finally:
        connections.close_all()


def test_who_is_joined_with_another_between_two_messages_stops_neither(
    clinic: cast.Clinic,
) -> None:
    stays, goes = clinic.patient, cast.patient("Ada", "Pyne", phone="+447700900124")
    wish = clinic.wish(clinic.review, patient_id=goes.pk, areas=(), size="", depth="")
    booking.book(wish=wish, start=cast.at(cast.day(21), 11), by=BY, now=cast.NOW)

    def during(_: Outgoing) -> None:
        if Patient.objects.filter(pk=goes.pk).exists():
            clerk = threading.Thread(target=joined, args=(stays, goes))
            clerk.start()
            clerk.join(20)

    carrier = stage.Carrier(during=during)
    with time_machine.travel(cast.NOW, tick=False):
        stage.sweep(carrier)
        first, second = carrier.sent
        assert (first.to, second.to) == ("ada@example.org", "+447700900123")
        told = Message.objects.filter(kind="booked").values_list("state", "patient")
        assert list(told) == [("accepted", stays.pk)] * 2
        found = re.search(r"/v/[\w-]{20,}", second.text)
        assert found is not None
        assert Client().get(f"{found[0]}/").status_code == 302
