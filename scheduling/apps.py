from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.apps import AppConfig

if TYPE_CHECKING:
    from scheduling.core.words import Actor


class SchedulingConfig(AppConfig):
    name = "scheduling"
    verbose_name = "Diary"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # these need the models, which are not there when this module is read
        from scheduling import panels  # noqa: PLC0415
        from scheduling.booking import ask_at_check_in  # noqa: PLC0415
        from scheduling.papers import consents  # noqa: PLC0415
        from scheduling.screens import papers, prints, shipped, waiting  # noqa: F401, PLC0415
        from scheduling.signals import (  # noqa: PLC0415
            appointment_changed,
            hours_changed,
            patient_record_changed,
        )
        from scheduling.transfer import (  # noqa: PLC0415
            exports,
            facts,
            grounds,
            hours,
            kinds,
            people,
            visits,
        )

        ask_at_check_in(consents.lacking)
        patient_record_changed.connect(look_ahead, dispatch_uid="scheduling.look_ahead")
        appointment_changed.connect(note_free_times, dispatch_uid="scheduling.free_times")
        hours_changed.connect(note_added_hours, dispatch_uid="scheduling.added_hours")
        panels.add("patient", 5, papers.of_patient)
        panels.add("patient", 8, waiting.of_patient)
        panels.add("appointment", 14, waiting.of_appointment)
        panels.add("appointment", 12, papers.of_appointment)
        panels.add("dashboard", 12, papers.of_desk)
        for kind in (*grounds.KINDS, hours.KIND, people.KIND, facts.KIND, visits.KIND):
            kinds.add(kind)
        exports.add_files(prints.for_export)


def look_ahead(*, patient_id: int, now: datetime, **_: Any) -> None:
    """Tell reception, in the record's own transaction, which coming visits it stands against."""
    from scheduling.booking.dependents import flag_coming  # noqa: PLC0415

    flag_coming(patient_id, now=now)


def note_added_hours(*, was: Any, now: datetime, **_: Any) -> None:
    """Note, with the change of hours, the times that it adds for who waits."""
    from scheduling import waiting  # noqa: PLC0415

    waiting.hours_added(was=was, now=now)


def note_free_times(
    *, appointments: Any, verb: str, told: bool, by: "Actor", now: datetime, **_: Any
) -> None:
    """Note, in the cancellation's own transaction, the times that are offered to who waits.

    A hold that lapsed was nobody's time, and a booking that is taken back at once was never one.
    """
    from scheduling import waiting  # noqa: PLC0415

    if verb == "cancel" and told and by.takes_back is None:
        waiting.came_free(visits=appointments, now=now, settled=now + by.afterthought)
    elif verb == "reinstate" and told:
        waiting.taken_again(visits=appointments, now=now)
