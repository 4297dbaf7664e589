"""Which texts can be answered by a text."""

from django.conf import settings


def takes_replies(sender: str) -> bool:
    """Tell whether a text from `sender` can be answered: a number that Twilio rings us for.

    `sender` is the site's own, empty where it has none. A sender by name cannot be answered at all.
    """
    if not sender:
        return bool(settings.SMS_REPLIES)
    return settings.SMS_PROVIDER == "twilio" and sender.startswith("+")
