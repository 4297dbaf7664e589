"""Which provider carries which channel, as the settings say."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from notifications.core.policy import Channel
from notifications.providers import Provider
from notifications.providers.console import Console
from notifications.providers.smtp import Smtp

SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"


def provider_for(channel: Channel) -> Provider:
    """Make the provider of a channel, ready for a batch.

    Without an SMTP server in EMAIL_URL, e-mail goes to the file sink.

    Raises:
        ImproperlyConfigured: Twilio is chosen and not installed.

    """
    if channel is Channel.SMS:
        return _twilio() if settings.SMS_PROVIDER == "twilio" else _sink()
    if settings.EMAIL_BACKEND == SMTP_BACKEND:
        return Smtp(sender=settings.DEFAULT_FROM_EMAIL, echo=_echo())
    return _sink()


def _sink() -> Provider:
    return Console(settings.OUTBOX_DIR, echo=_echo())


def _echo() -> bool:
    return bool(settings.SMS_PROVIDER == "console")


def _callback() -> str:
    """Say where Twilio reports to; nowhere from a machine that it cannot reach (error 21609)."""
    theirs = settings.TWILIO_BASE_URL == "https://api.twilio.com"
    return "" if settings.LOCAL and theirs else f"{settings.PUBLIC_URL}/webhooks/twilio/status/"


def _twilio() -> Provider:
    try:
        # the library is an extra: a clinic without SMS need not install it
        from notifications.providers.twilio import Account, Twilio  # noqa: PLC0415
    except ImportError as error:
        raise ImproperlyConfigured(
            "FALLOW_SMS=twilio needs `pip install fallow[twilio]`."
        ) from error
    return Twilio(
        Account(
            sid=settings.TWILIO_ACCOUNT_SID,
            token=settings.TWILIO_AUTH_TOKEN,
            sender=settings.TWILIO_FROM,
            callback=_callback(),
            base_url=settings.TWILIO_BASE_URL,
        )
    )
