"""Which provider carries which channel, as the settings say."""

from collections.abc import Callable, Mapping

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from notifications.core.policy import Channel
from notifications.providers import Provider
from notifications.providers.console import Console
from notifications.providers.file import File
from notifications.providers.smtp import Smtp

SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"


def provider_for(channel: Channel) -> Provider:
    """Make the provider of a channel, ready for a batch.

    Raises:
        ImproperlyConfigured: the chosen provider's library is not installed.

    """
    return PROVIDERS[channel, provider_of(channel)]()


def provider_of(channel: Channel) -> str:
    """Name the provider of a channel; e-mail goes to files where no mail server is named."""
    if channel is Channel.SMS:
        return str(settings.SMS_PROVIDER)
    server = "smtp" if settings.EMAIL_BACKEND == SMTP_BACKEND else "file"
    return settings.EMAIL_PROVIDER or server


def _file() -> Provider:
    return File(settings.OUTBOX_DIR)


def _console() -> Provider:
    return Console(settings.OUTBOX_DIR)


def _smtp() -> Provider:
    # whoever watches the texts on the terminal watches the e-mails there too
    echo = settings.SMS_PROVIDER == "console"
    return Smtp(sender=settings.DEFAULT_FROM_EMAIL, echo=echo)


def _anymail() -> Provider:
    try:
        # the library is an extra: a clinic with a mail server need not install it
        from notifications.providers.anymail import Anymail  # noqa: PLC0415
    except ImportError as error:
        raise ImproperlyConfigured(
            "FALLOW_EMAIL=anymail needs `pip install fallow[esp]`."
        ) from error
    return Anymail(backend=settings.ESP, sender=settings.DEFAULT_FROM_EMAIL)


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


PROVIDERS: Mapping[tuple[Channel, str], Callable[[], Provider]] = {
    (Channel.EMAIL, "smtp"): _smtp,
    (Channel.EMAIL, "anymail"): _anymail,
    (Channel.EMAIL, "file"): _file,
    (Channel.EMAIL, "console"): _console,
    (Channel.SMS, "twilio"): _twilio,
    (Channel.SMS, "file"): _file,
    (Channel.SMS, "console"): _console,
}
"""Every way out of the house by its name in the settings."""
