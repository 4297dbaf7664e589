"""Two patients who look like one person and are two: said once, asked never again, taken back."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from scheduling import trail
from scheduling.core.words import Actor
from scheduling.errors import Malformed, NotFound
from scheduling.models import Patient, TwoPeople


@transaction.atomic
def tell_apart(*, one: int, two: int, by: Actor, now: datetime) -> TwoPeople:
    """Say that two patients are two people; both their histories tell of it.

    Said again, it stands as it was said first.

    Raises:
        Malformed: they are the same.
        NotFound: one of them is not there.

    """
    first, second = sorted((one, two))
    if first == second:
        raise Malformed("Choose two different patients.")
    if Patient.objects.filter(pk__in=(first, second), provisional=False).count() != 2:  # noqa: PLR2004 - both
        raise NotFound("There is no such patient.")
    said, fresh = TwoPeople.objects.get_or_create(
        one_id=first, two_id=second, defaults={"said_at": now, "said_by": by.name}
    )
    if fresh:
        _note(said, "not_same_person", by, now)
    return said


@transaction.atomic
def take_back(*, pair_id: int, by: Actor, now: datetime) -> None:
    """Take back that two are two people, so that they may be asked about, and joined.

    Raises:
        NotFound: nobody says so (any more).

    """
    said = TwoPeople.objects.select_for_update().filter(pk=pair_id).first()
    if said is None:
        raise NotFound("Nobody says so any more.")
    _note(said, "maybe_same_person", by, now)
    said.delete()


def _note(said: TwoPeople, verb: str, by: Actor, now: datetime) -> None:
    pairs = ((said.one_id, said.two_id), (said.two_id, said.one_id))
    trail.write(
        trail.entry(
            subject=Patient(pk=who), verb=verb, by=by, now=now, what={"other": [None, other]}
        )
        for who, other in pairs
    )


def told_apart(*, most: int = 200) -> list[TwoPeople]:
    """List the pairs that are two people, the newest first."""
    return list(TwoPeople.objects.select_related("one", "two")[:most])


def said_of(one: int, two: int) -> TwoPeople | None:
    """Find what was said of a pair."""
    first, second = sorted((one, two))
    return TwoPeople.objects.filter(one_id=first, two_id=second).first()


def carry_over(*, stays: int, goes: int) -> None:
    """Let what was said of who goes be said of who stays; the pair of the two was taken back."""
    for said in TwoPeople.objects.filter(Q(one=goes) | Q(two=goes)).order_by("pk"):
        other = said.two_id if said.one_id == goes else said.one_id
        said.delete()
        _again(sorted((stays, other)), said)


def _again(pair: Iterable[int], said: TwoPeople) -> None:
    first, second = pair
    TwoPeople.objects.get_or_create(
        one_id=first,
        two_id=second,
        defaults={"said_at": said.said_at, "said_by": said.said_by},
    )
