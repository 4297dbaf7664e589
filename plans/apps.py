from typing import Any

from django.apps import AppConfig


class PlansConfig(AppConfig):
    name = "plans"
    verbose_name = "Plans"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to the diary below."""
        from scheduling.signals import appointment_changed  # noqa: PLC0415 - models are not there before

        appointment_changed.connect(follow_up, dispatch_uid="plans.follow_up")


def follow_up(**news: Any) -> None:
    """Follow a change of visits up, inside its transaction."""
    from plans.planning.following import follow  # noqa: PLC0415

    follow(appointments=news["appointments"], verb=news["verb"], now=news["now"])
