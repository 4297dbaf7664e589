"""Times, people and reasons in the words of a patient's page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from scheduling import catalogue
from scheduling.core.dates import Spoken, spoken, spoken_day
from scheduling.core.sentences import to_patient
from scheduling.core.words import Held, Reason
from scheduling.models import Patient, Site

PRACTITIONER = "practitioner"


@dataclass(frozen=True, slots=True)
class Voice:
    """In which language a page speaks, of which site, to which patient."""

    language: str
    site: Site
    patient: Patient

    def moment(self, at: datetime) -> Spoken:
        """Say a moment by the site's clock, named where the patient's own differs."""
        return spoken(
            at=at,
            zone=self.site.zone,
            language=self.language,
            country=self.site.country,
            home=self.patient.zone,
        )

    def there(self, start: datetime, prep_minutes: int) -> Spoken:
        """Say the time to be there, as the messages do."""
        return self.moment(start - timedelta(minutes=prep_minutes))

    def day(self, day: date) -> str:
        """Say a local date in full."""
        return spoken_day(day, language=self.language, country=self.site.country)

    def why(self, reasons: Iterable[Reason]) -> list[str]:
        """Say reasons, each sentence once."""
        said = (
            to_patient(each, language=self.language, country=self.site.country, app="plans")
            for each in reasons
        )
        return list(dict.fromkeys(said))


def prep_minutes(start: datetime, held: Sequence[Held]) -> int:
    """Answer how long before its start a visit begins to hold something."""
    start_q = int(start.timestamp()) // 300
    return 5 * max([0, *(start_q - each.start_q for each in held)])


def with_whom(held: Iterable[Held]) -> str:
    """Name the practitioners among what is held."""
    known = catalogue.current().resources
    names = [known[h.resource_id].name for h in held if h.kind == PRACTITIONER]
    return ", ".join(dict.fromkeys(names))
