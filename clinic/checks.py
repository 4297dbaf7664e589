"""Settings that can be read but would not work, each with an id and a way out."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks

from notifications.core.habits import BadHabits
from notifications.core.policy import Channel
from notifications.providers import chosen


@checks.register(checks.Tags.security)
def twilio_is_told_who_we_are(
    app_configs: Sequence[Any] | None, **_: Any
) -> list[checks.CheckMessage]:
    """Find an SMS provider without an account."""
    needed = ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM"]
    missing = [name for name in needed if not getattr(settings, name)]
    if settings.SMS_PROVIDER != "twilio" or not missing:
        return []
    hint = "Twilio's console shows them; without SMS, leave FALLOW_SMS out."
    return [
        checks.Error(f"FALLOW_SMS=twilio needs {', '.join(missing)}.", hint=hint, id="clinic.E001")
    ]


@checks.register(checks.Tags.compatibility)
def habits_are_understood(app_configs: Sequence[Any] | None, **_: Any) -> list[checks.CheckMessage]:
    """Find quiet hours and caps of the clinic's own that make no sense."""
    from notifications import outbox  # noqa: PLC0415 - its models are not there yet above

    try:
        outbox.quiet_hours(settings.HABITS_FILE)
    except BadHabits as error:
        hint = "notifications/data/habits.json shows the form."
        return [checks.Error(f"FALLOW_HABITS: {error}.", hint=hint, id="clinic.E002")]
    return []


@checks.register(checks.Tags.security, deploy=True)
def mail_leaves_the_house(app_configs: Sequence[Any] | None, **_: Any) -> list[checks.CheckMessage]:
    """Find a real clinic whose e-mail only goes to the terminal."""
    if settings.LOCAL or chosen.provider_of(Channel.EMAIL) in {"smtp", "anymail"}:
        return []
    hint = "Set EMAIL_URL, such as smtp+tls://user:password@mail.example:587, or FALLOW_EMAIL."
    return [checks.Warning("No e-mail leaves the house.", hint=hint, id="clinic.W001")]
