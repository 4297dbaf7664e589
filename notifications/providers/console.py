"""A sink for demonstrations and tests: messages become files and, if wished, lines on screen."""

from pathlib import Path
from types import TracebackType
from typing import Self

from notifications.providers import (
    Outgoing,
    Permit,
    ProviderId,
    SendFailed,
    Trace,
    Withheld,
    announce,
    at_once,
)


class Console:
    """Keeps each message as one file in `folder`, readable by people.

    The file's name carries our own id, so a lost answer can always be looked up.
    """

    name = "console"

    def __init__(self, folder: Path, *, echo: bool = False) -> None:
        """Take the folder, made at the first message; `echo` announces each on the terminal."""
        self.folder = folder
        self.echo = echo

    def __enter__(self) -> Self:
        """Nothing to open."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing to close."""

    def send(self, outgoing: Outgoing, permit: Permit = at_once) -> ProviderId:
        """Write the file and, if wished, say so.

        Raises:
            SendFailed: the disk refuses.
            Withheld: it may no longer be sent.

        """
        if not permit():
            raise Withheld
        try:
            self._keep(outgoing)
        except OSError as error:
            raise SendFailed(f"the file cannot be written: {error}", permanent=False) from error
        provider_id = ProviderId(f"console-{outgoing.ref}")
        if self.echo:
            announce(outgoing, provider_id)
        return provider_id

    def find(self, trace: Trace) -> ProviderId | None:
        """Tell whether the file is there."""
        found = any(self.folder.glob(f"*-{trace.ref}.txt"))
        return ProviderId(f"console-{trace.ref}") if found else None

    def _keep(self, outgoing: Outgoing) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{outgoing.channel}-{outgoing.kind}-{outgoing.ref}.txt"
        parts = [f"To: {outgoing.to}", f"Subject: {outgoing.subject}", "", outgoing.text]
        if outgoing.channel == "sms":
            parts.pop(1)
        if outgoing.calendar:
            parts += ["", outgoing.calendar]
        parts += [f"\n{a.name}\n{a.text}" for a in outgoing.attachments]
        # written aside and renamed: a file that is there is whole
        aside = path.with_suffix(".part")
        aside.write_text("\n".join(parts) + "\n", "utf-8")
        aside.replace(path)
