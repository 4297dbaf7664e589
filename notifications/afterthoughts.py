"""A step that is taken back within its seconds of grace: what is still to be told, if anything."""

from enum import Enum

from notifications import mentions
from notifications.core.policy import AT_ONCE, OFF, DropReason, Kind, Visit
from notifications.models import Mention, Message
from scheduling.models import Appointment


class Tell(Enum):
    """What a patient is to hear of a step that was taken back."""

    NOTHING = "nothing"
    FOR_THE_FIRST_TIME = "the news that waited when the step was taken"
    AS_USUAL = "the step was told already, so this corrects it"


def to_tell(*, appointment: Appointment, visit: Visit, back_to: int) -> Tell:
    """Compare what the patient was told last with how the visit stands again.

    `back_to` is the visit's `told_version` before the step. Messages about it that had not left
    are withdrawn already.
    """
    off = appointment.status in OFF
    told = mentions.told_before([appointment.pk])
    if appointment.pk in told:
        same = told[appointment.pk] == (None if off else visit.be_there)
        return Tell.NOTHING if same else Tell.AS_USUAL
    if not off and _was_waiting(appointment.pk, back_to):
        return Tell.FOR_THE_FIRST_TIME
    return Tell.NOTHING


def kind_of(tell: Tell, kind: Kind, *, off: bool) -> Kind | None:
    """Answer as which kind of news the visit is planned anew; None for none at all."""
    if tell is Tell.AS_USUAL:
        return kind
    return None if off else Kind.BOOKED


def _was_waiting(appointment_id: int, version: int) -> bool:
    """Tell whether news of that version was withdrawn before it left, or waits among others."""
    mine = {"appointment": appointment_id, "told_version": version}
    withdrawn = Message.objects.filter(
        **mine, offset=AT_ONCE, drop_reason=DropReason.SUPERSEDED.value
    )
    return withdrawn.exists() or Mention.objects.filter(**mine, message__open=True).exists()
