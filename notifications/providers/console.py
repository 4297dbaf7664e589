"""A sink that tells the terminal of each message it keeps: for work on one's own machine."""

from notifications.providers import (
    Outgoing,
    Permit,
    ProviderId,
    announce,
    at_once,
)
from notifications.providers.file import File


class Console(File):
    """Keeps each message as a file, as `File` does, and says so, without saying to whom."""

    name = "console"

    def send(self, outgoing: Outgoing, permit: Permit = at_once) -> ProviderId:
        """Write the file and tell the terminal.

        Raises:
            SendFailed: the disk refuses.
            Withheld: it may no longer be sent.

        """
        provider_id = super().send(outgoing, permit)
        announce(outgoing, provider_id)
        return provider_id
