from typing import Any

from django.apps import AppConfig


class PlansConfig(AppConfig):
    name = "plans"
    verbose_name = "Plans"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to the diary below, and show plans on its pages."""
        # these need the models, which are not there when this module is read
        from plans import copies as files  # noqa: PLC0415
        from plans import merging as settling  # noqa: PLC0415
        from plans import panels as ours  # noqa: PLC0415
        from plans import transfer  # noqa: PLC0415
        from plans.planning.fitting import keeps_its_course  # noqa: PLC0415
        from scheduling import copies, merging, panels, waiting  # noqa: PLC0415
        from scheduling.signals import appointment_changed, grounds_changed  # noqa: PLC0415
        from scheduling.transfer import kinds  # noqa: PLC0415

        appointment_changed.connect(follow_up, dispatch_uid="plans.follow_up")
        grounds_changed.connect(look_over, dispatch_uid="plans.look_over")
        kinds.add(transfer.KIND)
        merging.add(settling.settle)
        copies.add("plans", files.of_patient)
        waiting.guard(keeps_its_course)
        panels.add("patient", 20, ours.of_patient)
        panels.add("appointment", 20, ours.of_appointment)
        panels.add("absence", 20, ours.of_absence)


def follow_up(**news: Any) -> None:
    """Follow a change of visits up, inside its transaction."""
    from plans.planning.following import follow  # noqa: PLC0415

    follow(appointments=news["appointments"], verb=news["verb"], now=news["now"])


def look_over(**_: Any) -> None:
    """Ring for a look over all plans, once the change of the ground has committed."""
    from scheduling.bells import ring_once  # noqa: PLC0415

    ring_once(_ring)


def _ring() -> None:
    from plans import tasks  # noqa: PLC0415

    tasks.look_over.apply_async(expires=300)
