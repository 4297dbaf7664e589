"""The family of anticipated refusals: facts with a stable code, never a bare False."""

from collections.abc import Sequence
from typing import Any

from scheduling.core.words import FreeStart, Reason, Severity


class ClinicError(Exception):
    """Something that the clinic answers with a sentence; `code` is stable and documented.

    `noted` is what `scheduling.refusals` has kept of it for the reports.
    """

    code = "clinic_error"
    sentence = "This cannot be done."

    def __init__(self, sentence: str = "", **facts: Any) -> None:
        """Keep the sentence for the screen and the facts for the program."""
        self.sentence = sentence or self.sentence
        self.facts = facts
        self.noted: tuple[Any, ...] = ()
        super().__init__(self.sentence)


class Malformed(ClinicError):
    """The input has no sense, whatever the diary holds."""

    code = "malformed"
    sentence = "This could not be read."


class NonexistentTime(Malformed):
    """The clocks skip this wall time on that day."""

    code = "nonexistent_time"


class AmbiguousTime(Malformed):
    """The clocks show this wall time twice on that day; `instants` lists both."""

    code = "ambiguous_time"


class NotFound(ClinicError):
    """No such thing, or none that this actor may see."""

    code = "not_found"
    sentence = "There is nothing here that you can see."


class Forbidden(ClinicError):
    """The actor lacks the permission."""

    code = "forbidden"
    sentence = "You do not have the permission for this."


class StaleVersion(ClinicError):
    """Somebody changed the appointment since it was read."""

    code = "stale_version"
    sentence = "This appointment was changed by someone else. Read it again."


class WrongState(ClinicError):
    """The appointment is not in a state from which this step is possible."""

    code = "wrong_state"


class Busy(ClinicError):
    """The database could not order the change after several tries."""

    code = "busy"
    sentence = "Too many people are changing this at once. Please try again."


class Refused(ClinicError):
    """Skin or diary says no: every reason at once, and the earliest start that works.

    `earliest` is filled after the rollback, by the outermost verb.
    """

    code = "refused"

    def __init__(self, reasons: Sequence[Reason], **facts: Any) -> None:
        """Sort the reasons, worst first; the first one is the sentence."""
        self.reasons = tuple(sorted(reasons, key=lambda r: r.severity.rank))
        blocking = [r for r in self.reasons if r.severity is not Severity.ADVISORY]
        super().__init__(blocking[0].sentence if blocking else "", **facts)
        self.earliest: FreeStart | None = None

    @property
    def overridable(self) -> bool:
        """Tell whether a named clinician may book against every blocking reason."""
        return all(r.severity is not Severity.HARD for r in self.reasons)
