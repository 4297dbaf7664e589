"""Two who look like one person and are two: said once, asked never again, taken back."""

import pytest

from scheduling import merging
from scheduling.errors import Malformed, NotFound
from scheduling.merging import Agreed, Pair
from scheduling.models import Change, Patient, TwoPeople
from tests import cast

pytestmark = pytest.mark.django_db
BY = cast.reception()


@pytest.fixture
def twins() -> tuple[Patient, Patient]:
    """Enter two of one name and birth date."""
    return cast.patient("Ada", "Pine"), cast.patient("Ada", "Pine", phone="", email="")


def said(one: Patient, two: Patient) -> TwoPeople:
    """Say that two are two."""
    return merging.tell_apart(one=two.pk, two=one.pk, by=BY, now=cast.NOW)


def test_said_once_it_is_asked_never_again_and_both_histories_tell(
    twins: tuple[Patient, Patient],
) -> None:
    one, two = twins
    assert len(merging.likely()) == 1
    kept = said(one, two)
    assert said(two, one) == kept
    assert (kept.said_by, kept.said_at) == ("Desk", cast.NOW)
    assert (merging.likely(), merging.told_apart()) == ([], [kept])
    told = Change.objects.filter(verb="not_same_person").values_list("subject_id", "what")
    assert sorted(told) == [
        (one.pk, {"other": [None, two.pk]}),
        (two.pk, {"other": [None, one.pk]}),
    ]


def test_taken_back_it_is_asked_again(twins: tuple[Patient, Patient]) -> None:
    kept = said(*twins)
    merging.take_back(pair_id=kept.pk, by=BY, now=cast.NOW)
    assert len(merging.likely()) == 1
    assert Change.objects.filter(verb="maybe_same_person").count() == 2
    with pytest.raises(NotFound):
        merging.take_back(pair_id=kept.pk, by=BY, now=cast.NOW)


def test_two_people_are_not_joined_before_it_is_taken_back(twins: tuple[Patient, Patient]) -> None:
    one, two = twins
    kept = said(one, two)
    pair = Pair(stays=one.pk, goes=two.pk)
    with pytest.raises(Malformed, match="On 4 Jan 2027 Desk said that these are two people"):
        merging.preview(pair=pair, by=BY, now=cast.NOW)
    merging.take_back(pair_id=kept.pk, by=BY, now=cast.NOW)
    shown = merging.preview(pair=pair, by=BY, now=cast.NOW)
    agreed = Agreed(versions=shown.versions, seen=shown.seen)
    assert merging.merge(pair=pair, agreed=agreed, by=BY, now=cast.NOW) == one


def test_what_was_said_of_who_goes_is_said_of_who_stays(twins: tuple[Patient, Patient]) -> None:
    one, two = twins
    first = cast.patient("Ada", "Pine")
    kept = said(one, two)
    said(first, two)
    shown = merging.preview(pair=(pair := Pair(stays=first.pk, goes=one.pk)), by=BY, now=cast.NOW)
    agreed = Agreed(versions=shown.versions, seen=shown.seen)
    merging.merge(pair=pair, agreed=agreed, by=BY, now=cast.NOW)
    assert (merging.likely(), TwoPeople.objects.get().two_id) == ([], first.pk)
    assert kept.one_id == one.pk


def test_nobody_is_two_people_alone(twins: tuple[Patient, Patient]) -> None:
    with pytest.raises(Malformed):
        merging.tell_apart(one=twins[0].pk, two=twins[0].pk, by=BY, now=cast.NOW)
    with pytest.raises(NotFound):
        merging.tell_apart(one=twins[0].pk, two=0, by=BY, now=cast.NOW)
