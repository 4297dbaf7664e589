"""The diary as it is read: free starts, reasons, choices, charts, the day sheet.

One engine answers “may I?”, “when may I?” and “why not?”:

* `free_starts(*, wish, first, last, now) -> FreeStarts`: every start that booking would accept,
  and the reasons of each date without one;
* `explain_start(*, wish, start, now)`: every reason against one start, skin and diary;
* `earliest_start(*, wish, after, now) -> FreeStart | None`;
* `choose(*, wish, start, now, beside=()) -> Choice` (start: aware instant; `beside`: resources
  that other visits of the same booking will hold) before the transaction, from memos;
* `recheck(*, wish, choice, now) -> tuple[Reason, ...]` inside it, under the locks: the diary's
  reasons against exactly `choice.held`;
* `clinical(*, wish, choice, now, moment) -> tuple[Reason, ...]` every clinical reason that fires,
  advisories included, worst first, from the patient's rows as they are now;
* `again(*, wish, choice, now, moment, free, patient)`: both of these from one reading;
* `plain_reason(code) -> Reason` the sentence of a diary code without further facts;
* `chart(patient_id) -> Chart`, and `known(patient_id) -> Known` with the patient's own time;
* `booked_tests(visits, procedure)`: booked patch tests, read as records for one kind of laser;
* `agenda(*, site_id, kind, first, last) -> Agenda`: some days as the diary draws them, and `stamp`
  of the same days, which differs once anything on them has changed (`news`: and the newest record);
* `loads(*, site_id, first, last) -> list[Load]`: how full each day of a month is;
* `lacking(*, visits, now)`: what each visit of a list still lacks before check-in;
* `looks(*, wishes, setting, now) -> list[Look]`: several visits of one patient from one reading,
  as if those that are placed anew were not booked: what a whole course is searched with;
  `told(look, start_q)` every reason against one start of a look; `against(*, seen, starts, setting,
  now)` what blocks each visit among the others, as if all were booked.
"""

from scheduling.diary.agenda import Agenda, Entry, Part, Stretch, agenda, news, stamp
from scheduling.diary.charts import Known, booked_tests, chart, known, known_after
from scheduling.diary.choosing import again, choose, clinical, plain_reason, recheck
from scheduling.diary.courses import Setting, against, looks, told
from scheduling.diary.free import FreeStarts, HiddenDay, earliest_start, explain_start, free_starts
from scheduling.diary.loads import Load, loads
from scheduling.diary.looking import Look
from scheduling.diary.prerequisites import WAITING, lacking

__all__ = [
    "WAITING",
    "Agenda",
    "Entry",
    "FreeStarts",
    "HiddenDay",
    "Known",
    "Load",
    "Look",
    "Part",
    "Setting",
    "Stretch",
    "again",
    "against",
    "agenda",
    "booked_tests",
    "chart",
    "choose",
    "clinical",
    "earliest_start",
    "explain_start",
    "free_starts",
    "known",
    "known_after",
    "lacking",
    "loads",
    "looks",
    "news",
    "plain_reason",
    "recheck",
    "stamp",
    "told",
]
