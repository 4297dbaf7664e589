"""How tests hand a file in: as text, looked over, and written as it was shown."""

from datetime import datetime

from scheduling.models import Intake, IntakeRow
from scheduling.transfer import intakes
from tests import cast

BY = cast.reception()


def looked_over(kind: str, text: str | bytes, now: datetime = cast.NOW, **said: str) -> Intake:
    """Hand a file in from “old” and look at it."""
    content = text.encode() if isinstance(text, str) else text
    handed = intakes.Handed(
        **{"name": f"{kind}.csv", "content": content, "kind": kind, "source": "old", **said}  # type: ignore[arg-type]
    )
    intake = intakes.receive(handed=handed, by=BY, now=now)
    return intakes.look_over(intake_id=intake.pk, by=BY, now=now)


def agreed(intake: Intake) -> intakes.Agreed:
    """Agree to what was shown."""
    refused = intake.counts.get("refused", 0)
    return intakes.Agreed(sha256=intake.sha256, seen=intake.seen, leaving_out=refused)


def taken_in(kind: str, text: str | bytes, now: datetime = cast.NOW, **said: str) -> Intake:
    """Hand a file in, look at it and write it."""
    intake = looked_over(kind, text, now, **said)
    return intakes.write(intake_id=intake.pk, agreed=agreed(intake), by=BY, now=now)


def verdicts(intake: Intake) -> list[str]:
    """List the verdicts in the order of the lines."""
    return list(IntakeRow.objects.filter(intake=intake).values_list("verdict", flat=True))


def sentences(intake: Intake) -> list[str]:
    """List what is said of the lines, in their order."""
    return list(IntakeRow.objects.filter(intake=intake).values_list("sentence", flat=True))
