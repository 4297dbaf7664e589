"""Instances read from JSON: one course each, with all that its plan depends on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import time, timedelta

from plans.core.casebook.ground import (
    Ground,
    clock,
    placements,
    quanta,
    searches,
    weekday,
    zone_of,
)
from plans.core.course import DAY_MINUTES, Apart, Course, Crowd, Lag, Preference, Step, Unit
from plans.core.openings import opened
from plans.core.solver import Problem
from scheduling.core.hours import days_window
from scheduling.core.protocol.reader import Node

MOST_DAYS = 1100
"""Three years: a longer window is more likely a slip of the pen."""
MOST_WORTH = 100_000
"""What all sessions hold together must weigh less than one wish (`visits.UNMET`)."""

_FIELDS = frozenset(
    [
        "id",
        "zone",
        "from",
        "days",
        "step_minutes",
        "one_place",
        "resources",
        "steps",
        "rules",
        "preference",
        "pins",
        "was",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One course to be planned, and the names of its resources by id."""

    id: str
    problem: Problem
    names: Mapping[int, str]


def read_instances(document: object) -> list[Instance]:
    """Read one instance, a list of them, or an object with `instances`.

    Raises:
        Unreadable: something is not understood; it names the place.

    """
    root = Node(document)
    if isinstance(document, dict) and "instances" in document:
        root.only({"instances", "note"})
        root = root.need("instances")
    nodes = root.items() if isinstance(root.value, list) else [root]
    return [_instance(node, number) for number, node in enumerate(nodes, 1)]


def _instance(node: Node, number: int) -> Instance:
    node.only(_FIELDS | {"note"})
    zone = zone_of(node.need("zone"))
    first = node.need("from").day()
    days = node.need("days").whole(1)
    if days > MOST_DAYS:
        raise node.need("days").refuse(f"this is at most {MOST_DAYS}")
    window = days_window(first, first + timedelta(days=days - 1), zone)
    things = node.need("resources").items()
    names = [thing.need("name").text() for thing in things]
    for at, name in enumerate(names):
        if name in names[:at]:
            raise things[at].need("name").refuse("this name is taken")
    kinds = {n: t.need("kind").text() for n, t in zip(names, things, strict=True)}
    ground = Ground(zone, window, kinds, {name: at for at, name in enumerate(names, 1)})
    steps = node.need("steps").items()
    course = _course(
        node, ground, steps, {ground.ids[n]: _worth(t) for n, t in zip(names, things, strict=True)}
    )
    asked = searches(node, ground, steps, course)
    named = node.get("id")
    return Instance(
        id=named.text() if named else str(number),
        problem=Problem(
            course,
            {key: opened(search) for key, search in asked.items()},
            placements(node.get("pins"), ground, course, asked),
            placements(node.get("was"), ground, course, asked),
        ),
        names={number: name for name, number in ground.ids.items()},
    )


def _worth(thing: Node) -> int:
    worth = thing.get("worth")
    if worth is None:
        return 0
    if worth.whole() > MOST_WORTH:
        raise worth.refuse(f"this is at most {MOST_WORTH}")
    return worth.whole()


def _course(node: Node, ground: Ground, steps: list[Node], worth: dict[int, int]) -> Course:
    """Read the steps, the rules and what the patient would like."""
    read = list[Step]()
    for step in steps:
        step.only(
            {"key", "minutes", "needs", "starts", "spans", "lags", "same_as", "optional", "note"}
        )
        read.append(_step(step, [each.key for each in read]))
    keys = [step.key for step in read]
    rules = node.get("rules")
    aparts, crowds = list[Apart](), list[Crowd]()
    for rule in rules.items() if rules else []:
        if rule.need("kind").one_of({"apart", "crowd"}, "kind of rule") == "apart":
            aparts += _aparts(rule, keys)
        else:
            crowds.append(_crowd(rule, keys))
    alone = node.get("one_place")
    return Course(
        steps=tuple(read),
        zone=ground.zone,
        window=ground.window,
        aparts=tuple(aparts),
        crowds=tuple(crowds),
        preference=_preference(node.get("preference"), ground),
        worth=worth,
        one_place=alone.flag() if alone else True,
    )


def _step(node: Node, earlier: list[str]) -> Step:
    key = node.need("key")
    if key.text() in earlier:
        raise key.refuse("this key is taken")
    lags, same, optional = node.get("lags"), node.get("same_as"), node.get("optional")
    return Step(
        key=key.text(),
        length=quanta(node.need("minutes"), 5),
        lags=tuple(_lag(lag, earlier) for lag in (lags.items() if lags else [])),
        same_as=same.one_of(earlier, "earlier step") if same else None,
        optional=optional.flag() if optional else False,
    )


def _lag(node: Node, earlier: list[str]) -> Lag:
    node.only({"after", "least", "target", "most", "unit"})
    least, target, most = (node.get(word) for word in ("least", "target", "most"))
    unit = node.get("unit")
    floor = -MOST_DAYS * DAY_MINUTES
    lag = least.whole(floor) if least else 0
    if most is not None and most.whole(floor) < lag:
        raise most.refuse("the most of a lag is at least its least")
    return Lag(
        after=node.need("after").one_of(earlier, "earlier step"),
        least=lag,
        target=target.whole(floor) if target else None,
        most=most.whole(floor) if most else None,
        unit=unit.word(Unit) if unit else Unit.DAYS,
    )


def _aparts(node: Node, keys: list[str]) -> list[Apart]:
    node.only({"kind", "first", "then", "days", "both", "code"})
    first, then = (node.need(word).one_of(keys, "step") for word in ("first", "then"))
    both, code = node.get("both"), node.get("code")
    named = code.text() if code else "min_gap"
    one = Apart(first=first, then=then, days=node.need("days").whole(), code=named)
    return [one, replace(one, first=then, then=first)] if both and both.flag() else [one]


def _crowd(node: Node, keys: list[str]) -> Crowd:
    node.only({"kind", "steps", "count", "days", "taken", "code"})
    taken, code = node.get("taken"), node.get("code")
    return Crowd(
        steps=frozenset(each.one_of(keys, "step") for each in node.need("steps").items()),
        count=node.need("count").whole(1),
        days=node.need("days").whole(1),
        taken=tuple(day.day() for day in (taken.items() if taken else [])),
        code=code.text() if code else "max_per_window",
    )


def _preference(node: Node | None, ground: Ground) -> Preference:
    if node is None:
        return Preference()
    node.only({"weekdays", "times", "practitioners", "not_before", "not_after", "blocked"})
    weekdays, times, people, blocked = (
        found.items() if (found := node.get(word)) else []
        for word in ("weekdays", "times", "practitioners", "blocked")
    )
    before, after = node.get("not_before"), node.get("not_after")
    return Preference(
        weekdays=frozenset(weekday(day) for day in weekdays),
        times=tuple(_times(pair) for pair in times),
        practitioners=frozenset(ground.resource(person) for person in people),
        not_before=before.day() if before else None,
        not_after=after.day() if after else None,
        blocked=frozenset(day.day() for day in blocked),
    )


def _times(node: Node) -> tuple[time, time]:
    low, high = node.list_of(2, "a pair [from, until] is expected here")
    return clock(low), clock(high)
