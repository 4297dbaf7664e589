"""A sink that keeps each message as a file, without a word: for demonstrations and tests."""

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
    at_once,
)


class File:
    """Keeps each message as one file in `folder`, readable by people.

    The file's name carries our own id, so a lost answer can always be looked up.
    """

    name = "file"

    def __init__(self, folder: Path) -> None:
        """Take the folder, made at the first message."""
        self.folder = folder

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
        """Write the file.

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
        return ProviderId(f"{self.name}-{outgoing.ref}")

    def prepare(self, outgoing: Outgoing) -> None:
        """Leave it to its turn."""

    def foretold(self, outgoing: Outgoing) -> str:
        """Leave it to the answer."""
        return ""

    def find(self, trace: Trace) -> ProviderId | None:
        """Tell whether the file is there."""
        found = any(self.folder.glob(f"*-{trace.ref}.txt"))
        return ProviderId(f"{self.name}-{trace.ref}") if found else None

    def _keep(self, outgoing: Outgoing) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{outgoing.channel}-{outgoing.kind}-{outgoing.ref}.txt"
        parts = [f"To: {outgoing.to}"]
        if outgoing.sender:
            parts.append(f"From: {outgoing.sender}")
        if outgoing.channel != "sms":
            parts.append(f"Subject: {outgoing.subject}")
        parts += ["", outgoing.text]
        if outgoing.calendar:
            parts += ["", outgoing.calendar]
        parts += [f"\n{a.name}\n{a.text}" for a in outgoing.attachments]
        # written aside and renamed: a file that is there is whole
        aside = path.with_suffix(".part")
        aside.write_text("\n".join(parts) + "\n", "utf-8")
        aside.replace(path)
