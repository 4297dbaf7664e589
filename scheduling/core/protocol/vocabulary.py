"""The words a protocol document may use, and what the engine says where a row says nothing."""

from collections.abc import Mapping
from string import Formatter
from typing import Any, Final

from scheduling.core.protocol.reader import Node
from scheduling.core.protocol.values import Profile

TOP_KEYS: Final = frozenset(
    [
        "name",
        "version",
        "note",
        "about",
        "conventions",
        "counted_statuses",
        "area_tree",
        "categories",
        "modalities",
        "recovery_order",
        "rules",
        "notices",
        "titles",
        "indications",
        "adverse_events",
        "record_types",
        "profiles",
        "sources",
    ]
)

PROSE: Final = frozenset(
    [
        "id",
        "kind",
        "origin",
        "source",
        "sureness",
        "title",
        "sentence",
        "patient_sentence",
        "jurisdiction",
        "note",
        "version",
        "meaning",
        "effect",
        "cleared_by",
        "values",
        "valid_months_origin",
        "then_note",
    ]
)
"""Members that any rule may carry; what they say is for people."""

SURENESS: Final = ("seed", "law", "A", "B", "C", "D")

PENDING: Final = "PENDING-PREREQUISITE"

ASSESSMENTS: Final = frozenset({"consultation", "patch_test", "review"})

ADVERSE_EVENTS: Final = (
    "swelling",
    "scarring",
    "bacterial_infection",
    "pigment_change",
    "burn",
    "other",
)
"""Side effects that the seed article names."""

PROFILES: Final = {
    "england": Profile(country="GB", subdivision="ENG"),
    "australia": Profile(country="AU"),
}

DATED: Final = ("start_date", "end_date")

RECORD_TYPES: Final[Mapping[str, Mapping[str, Any]]] = {
    "consultation": {"fields": ("start", "end", "status")},
    "consent": {"fields": ("start", "end", "status")},
    "patch_test": {"fields": ("start", "end", "status", "procedure", "result")},
    "healed": {"fields": ("areas", "date")},
    "isotretinoin": {"fields": DATED},
    "sun_exposure": {"fields": DATED},
    "fake_tan": {"fields": DATED},
    "waxing": {"fields": (*DATED, "areas")},
    "pregnancy": {"fields": DATED},
    "breastfeeding": {"fields": DATED},
    "active_infection": {"fields": (*DATED, "areas")},
    "photosensitising_drug": {"fields": (*DATED, "class")},
    "dental_or_vaccine": {"fields": DATED},
    "adverse_event": {"fields": (*DATED, "areas", "code")},
    "doctor_directed": {"fields": ("date",)},
    "prior_session": {"fields": ("procedure", "areas", "size", "depth", "date")},
}

PLACEHOLDERS: Final = frozenset(
    ["procedure", "area", "date", "other", "other_date", "have", "need", "detail", "indication"]
)
"""What a sentence may name; the engine fills them in.

`procedure`, `area`, `indication`: what is asked for; `date`: its local date; `other`, `other_date`:
the session or record it meets; `have`, `need`: the two sides of the arithmetic, with their unit
left out; `detail`: half a sentence that says what exactly is the matter.
"""

_PATIENT_DEFAULT: Final = "The clinic will find another day for this with you."

_SENTENCES: Final = {
    "min_gap": "{procedure} and {other} of {other_date} need {need} days between them; there are {have}.",
    "max_gap": "More than {need} days have passed since {other} of {other_date}: {have}.",
    "same_modality_interval": "Two sessions of {procedure} need {need} days between them; there are {have}.",
    "recovery_window": "The skin recovers from {other} of {other_date}: day {have} of {need}.",
    "ordering": "{procedure} and {other} of {other_date} are in the wrong order.",
    "permit_same_encounter": "{procedure} is combined with {other} in one visit.",
    "prerequisite": "{procedure} has a condition that comes first: {detail}.",
    "cooling_off": "{need} days of reflection are kept after the first consultation: {detail}.",
    "age": "The patient is under {need} on {date}.",
    "contraindication": "{other}: {detail}.",
    "session_count": "This would be session {have}; {need} are usual.",
    "max_per_window": "This would be session {have} within the window; {need} are allowed.",
    "duration": "{procedure} takes {need} minutes; {have} are asked for.",
    "max_concurrent_plans": "Another course is still open on this area.",
    "plan_sequence": "This session would pass {other} of {other_date} in the same course.",
    "no_double_booking": "The patient already has {other} at this time.",
    "notice": "{detail}.",
}


def sentence_of(node: Node, kind: str, key: str) -> str:
    """Read a row's sentence, or give the kind's own; placeholders are checked.

    Raises:
        Unreadable: the sentence names something that the engine does not know.

    """
    found = node.get(key)
    if found is None:
        return _SENTENCES[kind] if key == "sentence" else _PATIENT_DEFAULT
    text = found.text()
    try:
        names = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise found.refuse(f"the braces do not match: {error}") from None
    for name in names:
        if name not in PLACEHOLDERS:
            raise found.refuse(f"“{{{name}}}” is not something a sentence can name")
    return text
