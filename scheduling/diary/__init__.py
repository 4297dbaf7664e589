"""The diary as it is read: free starts, reasons, choices, charts, the day sheet.

One engine answers “may I?”, “when may I?” and “why not?”. What booking calls:

* `choose(*, wish, start, now, beside=()) -> Choice` (start: aware instant; `beside`: resources
  that other visits of the same booking will hold) before the transaction, from memos;
* `recheck(*, wish, choice, now) -> tuple[Reason, ...]` inside it, under the locks: the diary's
  reasons against exactly `choice.held`, from fresh rows wherever `diary_version` moved;
* `clinical(*, wish, choice, now, moment) -> tuple[Reason, ...]` every clinical reason that fires,
  advisories included, worst first, from the patient's rows as they are now;
* `earliest_start(*, wish, after, now) -> FreeStart | None`;
* `free_starts(*, wish, first, last, now) -> FreeStarts`, `explain_start(*, wish, start, now)`.
"""
