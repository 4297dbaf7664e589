from datetime import time
from typing import Any

import pytest

from scheduling import grounds
from scheduling.core.words import Actor
from scheduling.errors import Malformed, NotFound
from scheduling.models import (
    Capability,
    Change,
    OpeningHours,
    Practitioner,
    Resource,
    Room,
    Site,
    Skill,
)
from scheduling.signals import grounds_changed
from tests import cast
from tests.cast import NOW

pytestmark = pytest.mark.django_db
BOSS = Actor(name="Boss")


def signed() -> list[tuple[str, str, dict[str, Any]]]:
    rows = Change.objects.order_by("pk").values_list("verb", "subject", "what")
    return [(verb, subject, what) for verb, subject, what in rows]


def test_new_row_is_signed_with_what_it_says() -> None:
    skill = Skill(code="ipl", name="operates IPL")
    grounds.keep(row=skill, by=BOSS, now=NOW)
    assert signed() == [("add", "skill", {"code": [None, "ipl"], "name": [None, "operates IPL"]})]


def test_changed_row_is_signed_with_old_and_new() -> None:
    skill = Skill.objects.create(code="ipl", name="IPL")
    skill.name = "operates IPL"
    grounds.keep(row=skill, by=BOSS, now=NOW)
    assert signed() == [("change", "skill", {"name": ["IPL", "operates IPL"]})]


def test_row_kept_as_it_was_is_no_news() -> None:
    skill = Skill.objects.create(code="ipl", name="IPL")
    heard: list[str] = []

    def listen(**news: Any) -> None:
        heard.append(news["what"])

    grounds_changed.connect(listen)
    try:
        grounds.keep(row=skill, by=BOSS, now=NOW)
        skill.name = "light"
        grounds.keep(row=skill, by=BOSS, now=NOW)
        grounds.remove(row=skill, by=BOSS, now=NOW)
    finally:
        grounds_changed.disconnect(listen)

    assert heard == ["change skill “light”", "remove skill “light”"]


def test_removed_row_is_signed_with_what_it_said() -> None:
    skill = Skill.objects.create(code="ipl", name="IPL")
    grounds.remove(row=skill, by=BOSS, now=NOW)
    assert signed() == [("remove", "skill", {"code": ["ipl", None], "name": ["IPL", None]})]
    assert not Skill.objects.exists()


def test_row_in_use_is_not_removed() -> None:
    skill = Skill.objects.create(code="ipl", name="IPL")
    resource = Resource.objects.create(kind="practitioner", name="Dr A")
    Capability.objects.create(resource=resource, skill=skill)
    with pytest.raises(grounds.InUse, match="set it inactive"):
        grounds.remove(row=skill, by=BOSS, now=NOW)
    assert signed() == []


def test_broken_constraint_is_a_sentence() -> None:
    row = Resource(kind="room", name="Nowhere")
    with pytest.raises(Malformed, match="stands at one site"):
        grounds.keep(row=row, by=BOSS, now=NOW)


@pytest.fixture
def sites() -> tuple[Site, Site]:
    return cast.site_named("Here"), cast.site_named("There")


@pytest.mark.parametrize("what", ["site", "room", "hours", "capability"])
def test_row_of_another_site_is_not_there(sites: tuple[Site, Site], what: str) -> None:
    here, there = sites
    room = Room.objects.create(kind="room", name="R", site=there)
    skill = Skill.objects.create(code="s", name="s")
    row: Any = {
        "site": there,
        "room": room,
        "hours": there.hours.first(),
        "capability": Capability(resource=room, skill=skill),
    }[what]
    by = Actor(name="Manager", sites=frozenset({here.pk}))

    with pytest.raises(NotFound):
        grounds.keep(row=row, by=by, now=NOW)
    with pytest.raises(NotFound):
        grounds.remove(row=row, by=by, now=NOW)


def test_row_is_not_carried_off_to_another_site(sites: tuple[Site, Site]) -> None:
    here, there = sites
    room = Room.objects.create(kind="room", name="R", site=there)
    room.site = here
    with pytest.raises(NotFound):
        grounds.keep(row=room, by=Actor(name="Manager", sites=frozenset({here.pk})), now=NOW)


def test_practitioner_belongs_to_no_site_but_their_hours_do(sites: tuple[Site, Site]) -> None:
    here, there = sites
    by = Actor(name="Manager", sites=frozenset({here.pk}))
    nurse = Practitioner(kind="practitioner", name="Noor")
    grounds.keep(row=nurse, by=by, now=NOW)

    def hours(site: Site) -> OpeningHours:
        return OpeningHours(
            site=site, resource_id=nurse.pk, weekday=0, opens=time(9), closes=time(17)
        )

    grounds.keep(row=hours(here), by=by, now=NOW)
    with pytest.raises(NotFound):
        grounds.keep(row=hours(there), by=by, now=NOW)
