"""Who reads a message, and by which channels they may be reached."""

from collections.abc import Iterable
from typing import NamedTuple

from notifications.core.policy import Channel
from scheduling import statements


class Reader(NamedTuple):
    """A patient as messages see one, with the guardian's addresses beside their own."""

    id: int
    email: str
    phone: str
    channel: str
    zone: str
    do_not_contact: bool
    deceased_on: object
    guardian_email: str | None
    guardian_phone: str | None

    def address(self, channel: Channel) -> str:
        """Where this channel reaches the patient, or the guardian of one who has no address."""
        if channel is Channel.EMAIL:
            return self.email or self.guardian_email or ""
        return str(self.phone or self.guardian_phone or "")

    @property
    def channels(self) -> frozenset[Channel]:
        """The channels that the patient wants and that lead somewhere."""
        if self.do_not_contact or self.deceased_on:
            return frozenset()
        wanted = (c for c in Channel if self.channel in {"both", c.value})
        return frozenset(c for c in wanted if self.address(c))


_READERS = """
SELECT p.id, p.email, p.phone, p.channel, p.zone, p.do_not_contact, p.deceased_on, g.email, g.phone
FROM scheduling_patient p LEFT JOIN scheduling_patient g ON g.id = p.guardian_id
WHERE p.id = ANY(%s::bigint[])
"""


def readers(patients: Iterable[int]) -> dict[int, Reader]:
    """Read each patient, by id."""
    with statements.ahead():
        rows = statements.rows(_READERS, [list(patients)])
    return {row[0]: Reader(*row) for row in rows}
