"""Each kind of rule, read from its row."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from scheduling.core.protocol import values
from scheduling.core.protocol.grounds import Grounds, read_tiers
from scheduling.core.protocol.reader import Node, Unreadable
from scheduling.core.protocol.values import MEASURES, Rule, Tier, Tiers, Whom
from scheduling.core.protocol.vocabulary import PROSE, SURENESS, sentence_of
from scheduling.core.words import Severity

Fields = dict[str, Any]


def read_rule(node: Node, grounds: Grounds) -> Rule:
    """Read one row of `rules`.

    Raises:
        Unreadable: its kind is unknown, a member is missing, unknown or without sense, or it is
            hard although nobody found a source (sureness D).

    """
    kind = node.need("kind").one_of(_KINDS, "kind")
    make, read, keys = _KINDS[kind]
    node.only(PROSE | keys)
    fields = _common(node, kind) | read(node, grounds)
    severities = _severities(fields)
    if fields["sureness"] == "D" and Severity.HARD in severities and not make.structural:
        raise node.need("sureness").refuse(
            f"{fields['code']} is hard: sureness D is never hard, give a source or a milder severity"
        )
    rule: Rule = make(**fields, severities=severities)
    return rule


def _common(node: Node, kind: str) -> Fields:
    words = {key: node.get(key) for key in ("origin", "title", "jurisdiction")}
    return {
        "code": node.need("id").text(),
        "source": node.need("source").text(),
        "sureness": node.need("sureness").one_of(SURENESS, "sureness"),
        "sentence": sentence_of(node, kind, "sentence"),
        "patient_sentence": sentence_of(node, kind, "patient_sentence"),
    } | {key: found.text() if found else "" for key, found in words.items()}


def _severities(fields: Fields) -> tuple[Severity, ...]:
    """Collect every severity a rule may fire with, worst first.

    The figures of intervals have their own sureness, checked with the modality.
    """
    found: set[Severity] = set()
    for value in fields.values():
        found.update(_within(value))
    return tuple(sorted(found, key=lambda severity: severity.rank))


def _within(value: object) -> Iterator[Severity]:
    if isinstance(value, Severity):
        yield value
    elif isinstance(value, Tier):
        yield value.severity
    elif isinstance(value, tuple | Mapping):
        for each in value.values() if isinstance(value, Mapping) else value:
            if not isinstance(each, Mapping):
                yield from _within(each)


def _min_gap(node: Node, grounds: Grounds) -> Fields:
    both = node.get("both_orders")
    return _pair(node, grounds) | {
        "both_orders": both.flag() if both else False,
        "tiers": read_tiers(node.need("tiers")),
    }


def _pair(node: Node, grounds: Grounds) -> Fields:
    return {"a": grounds.named(node.need("a")), "b": grounds.named(node.need("b"))}


def _max_gap(node: Node, grounds: Grounds) -> Fields:
    return _pair(node, grounds) | {"days": node.need("days").whole(1)} | _severity(node)


def _severity(node: Node) -> Fields:
    return {"severity": node.need("severity").word(Severity)}


def _interval(node: Node, grounds: Grounds) -> Fields:
    tiers = node.need("tiers")
    if tiers.value != "modalities.interval_tiers":
        raise tiers.refuse("“modalities.interval_tiers” is expected here")
    return {"tiers": {name: each.intervals for name, each in grounds.modalities.items()}}


def _recovery(node: Node, grounds: Grounds) -> Fields:
    after = grounds.named(node.need("after"))
    for name in sorted(after - set(grounds.modalities)):
        raise node.need("after").refuse(f"“{name}” has no recovery figures")
    tiers: list[tuple[int, Severity]] = []
    for item in node.need("tiers").items():
        pair = item.list_of(2, "a tier is [minimum | typical | maximum, severity]")
        tier = (MEASURES.index(pair[0].one_of(MEASURES, "measure")), pair[1].word(Severity))
        if tiers and (tier[0] <= tiers[-1][0] or tier[1].rank <= tiers[-1][1].rank):
            raise item.refuse("limits rise from tier to tier, each milder than the one before")
        tiers.append(tier)
    if not tiers:
        raise node.need("tiers").refuse("at least one tier is expected here")
    return {"after": after, "blocks": grounds.named(node.need("blocks")), "tiers": tuple(tiers)}


def _ordering(node: Node, grounds: Grounds) -> Fields:
    done = node.get("if_second_already_done")
    return {
        "first": grounds.named(node.need("first")),
        "then": grounds.named(node.need("then")),
        "if_done": done.word(Severity) if done else None,
    } | _severity(node)


def _for(node: Node, grounds: Grounds) -> Fields:
    return {"procedures": grounds.named(node.need("for"))}


def _whom(node: Node) -> Whom:
    patient = node.get("patient")
    if patient is None:
        return Whom()
    patient.only({"under", "fitzpatrick_from"})
    under, fitzpatrick = patient.get("under"), patient.get("fitzpatrick_from")
    return Whom(
        under=under.whole(1) if under else None,
        fitzpatrick_from=fitzpatrick.whole(1) if fitzpatrick else None,
    )


def _number(node: Node, key: str) -> int:
    found = node.get(key)
    return found.whole() if found else 0


_NEEDS: Final = ("consultation", "patch_test", "consent")


def _prerequisite(node: Node, grounds: Grounds) -> Fields:
    same_day, valid = node.get("same_day"), node.get("valid_months")
    booked, when = node.get("booked_counts"), node.get("when")
    renewed = node.get("also_satisfied_by")
    if booked:
        booked.one_of(("provisionally",), "way to count")
    if when:
        when.one_of(("check_in", "booking"), "moment")
    if renewed:
        renewed.one_of((RENEWED,), "way to satisfy it")
    return (
        _for(node, grounds)
        | _severity(node)
        | {
            "needs": node.need("needs").one_of(_NEEDS, "prerequisite"),
            "same_day": same_day.word(Severity) if same_day else None,
            "min_hours": _number(node, "min_hours_before"),
            "min_days": _number(node, "min_days_before"),
            "valid_months": valid.whole(1) if valid else None,
            "booked_counts": booked is not None,
            "renewed_by_session": renewed is not None,
            "at_check_in": when is not None and when.value == "check_in",
            "whom": _whom(node),
        }
    )


RENEWED: Final = "a fulfilled session of the same modality within valid_months"


def _cooling_off(node: Node, grounds: Grounds) -> Fields:
    return (
        _for(node, grounds)
        | _severity(node)
        | {
            "after": node.need("after").one_of(("consultation",), "starting point"),
            "days": node.need("days").whole(1),
            "whom": _whom(node),
        }
    )


def _age(node: Node, grounds: Grounds) -> Fields:
    lifted, booking_day = node.get("lifted_by"), node.get("also_on_booking_day")
    lifting = lifted.text().split()[0] if lifted else ""
    if lifted and lifting not in grounds.record_types:
        raise lifted.refuse(f"unknown record type “{lifting}”")
    some, exempt = node.get("indications"), node.get("exempt_indications")
    return (
        _for(node, grounds)
        | _severity(node)
        | {
            "under": node.need("under").whole(1),
            "indications": frozenset(some.texts()) if some else frozenset(),
            "exempt": frozenset(exempt.texts()) if exempt else frozenset(),
            "lifted_by": lifting,
            "on_booking_day": booking_day.flag() if booking_day else False,
        }
    )


def _contraindication(node: Node, grounds: Grounds) -> Fields:
    area = node.get("area")
    months = node.get("wait_months")
    given = [key for key in ("tiers", "wait_days", "wait_months") if node.get(key) is not None]
    if len(given) != 1:
        raise node.refuse("exactly one of tiers, wait_days and wait_months is expected here")
    return _for(node, grounds) | {
        "record": node.need("record").one_of(_lasting(grounds), "record type"),
        "on_area": area is not None and area.one_of(("overlap", "any"), "area scope") == "overlap",
        "tiers": _waits(node),
        "wait_months": months.whole(1) if months else None,
    }


def _lasting(grounds: Grounds) -> list[str]:
    """Name the record types that begin and end."""
    return [name for name, kind in grounds.record_types.items() if "end_date" in kind["fields"]]


def _waits(node: Node) -> dict[str, Tiers]:
    tiers = node.get("tiers")
    if tiers is not None:
        for key in ("severity", "severity_by_class"):
            if found := node.get(key):
                raise found.refuse("the tiers already say how severe it is")
        return {"": read_tiers(tiers)}
    days = _number(node, "wait_days")
    by_class = node.get("severity_by_class")
    if by_class is None:
        return {"": (Tier(days, node.need("severity").word(Severity)),)}
    waits: dict[str, Tiers] = {
        name: (Tier(days, below.word(Severity)),) for name, below in by_class.members()
    }
    if "other" not in waits:
        raise Unreadable(f"{by_class.path}.other", "this is missing")
    return waits | {"": waits["other"]}


def _session_count(node: Node, grounds: Grounds) -> Fields:
    wanted = node.get("for")
    return {
        "indication": node.need("indication").text(),
        "procedures": grounds.named(wanted) if wanted else grounds.procedures,
        "most": node.need("max").whole(1),
    } | _severity(node)


def _window(node: Node, grounds: Grounds) -> Fields:
    figures = {"count": node.need("count").whole(1), "days": node.need("days").whole(1)}
    return _for(node, grounds) | figures | _severity(node)


def _duration(node: Node, grounds: Grounds) -> Fields:
    minutes = node.need("minutes")
    pair = minutes.list_of(2, "[least, most] minutes are expected here")
    figures = [figure.whole(1) for figure in pair]
    if figures[0] > figures[1]:
        raise minutes.refuse("the least minutes come first")
    fields = {"least": figures[0], "most": figures[1]}
    return _for(node, grounds) | fields | _severity(node)


def _concurrent(node: Node, grounds: Grounds) -> Fields:
    if per := node.get("per"):
        per.one_of(("overlapping area",), "scope")
    return _for(node, grounds) | {"most": node.need("max").whole(1)} | _severity(node)


def _just_severity(node: Node, _: Grounds) -> Fields:
    return _severity(node)


Reader = Callable[[Node, Grounds], Fields]


def _keys(text: str) -> frozenset[str]:
    return frozenset(text.split())


_KINDS: Final[Mapping[str, tuple[Any, Reader, frozenset[str]]]] = {
    "min_gap": (values.MinGap, _min_gap, _keys("a b both_orders tiers")),
    "max_gap": (values.MaxGap, _max_gap, _keys("a b days severity")),
    "same_modality_interval": (values.Interval, _interval, _keys("tiers")),
    "recovery_window": (values.RecoveryWindow, _recovery, _keys("after blocks tiers")),
    "ordering": (
        values.Ordering,
        _ordering,
        _keys("first then severity if_second_already_done"),
    ),
    "permit_same_encounter": (values.Permit, _pair, _keys("a b")),
    "prerequisite": (
        values.Prerequisite,
        _prerequisite,
        _keys(
            "for needs severity same_day min_hours_before min_days_before valid_months "
            "also_satisfied_by booked_counts when patient"
        ),
    ),
    "cooling_off": (values.CoolingOff, _cooling_off, _keys("for after days severity patient")),
    "age": (
        values.Age,
        _age,
        _keys("for under severity indications exempt_indications lifted_by also_on_booking_day"),
    ),
    "contraindication": (
        values.Contraindication,
        _contraindication,
        _keys("for record area tiers wait_days wait_months severity severity_by_class"),
    ),
    "session_count": (values.SessionCount, _session_count, _keys("for indication max severity")),
    "max_per_window": (values.WindowCap, _window, _keys("for count days severity")),
    "duration": (values.Duration, _duration, _keys("for minutes severity")),
    "max_concurrent_plans": (values.ConcurrentPlans, _concurrent, _keys("for max per severity")),
    "plan_sequence": (values.PlanSequence, _just_severity, _keys("severity")),
    "no_double_booking": (values.DoubleBooking, _just_severity, _keys("severity")),
}
