"""The diary as it is read: free starts, reasons, choices, charts, the day sheet.

One engine answers “may I?”, “when may I?” and “why not?”. What booking calls:

* `choose(*, wish, start, now, beside=()) -> Choice` (start: aware instant; `beside`: resources
  that other visits of the same booking will hold) before the transaction, from memos;
* `recheck(*, wish, choice, now) -> tuple[Reason, ...]` inside it, under the locks: the diary's
  reasons against exactly `choice.held`, from fresh rows wherever `diary_version` moved (or where
  `choice.versions` is empty);
* `clinical(*, wish, choice, now, moment) -> tuple[Reason, ...]` every clinical reason that fires,
  advisories included, worst first, from the patient's rows as they are now; `moment` is
  `core.rules.Moment.BOOKING` or `.CHECK_IN`;
* `plain_reason(code) -> Reason` the sentence of a diary code without further facts;
* `earliest_start(*, wish, after, now) -> FreeStart | None`;
* `free_starts(*, wish, first, last, now) -> FreeStarts`, `explain_start(*, wish, start, now)`.

Booking also reads `catalogue.current() -> Ground`: `.site(id)`, `.treatment(id)` (NotFound for
unknown ids), `.protocol` (with `.areas`, `.indications` as sets of codes), `.protocol_id`, and
`.recovery(procedure=, size=, depth=, end=, zone=)` -> least, typical, most dates or None.
"""
