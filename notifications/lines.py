"""Which sites can be answered by text."""

from django.conf import settings


def takes_replies(site_id: int) -> bool:
    """Tell whether a text from this site can be answered: its sender is a number that Twilio rings us for.

    A sender by name cannot be answered at all.
    """
    return bool(settings.SMS_REPLIES)
