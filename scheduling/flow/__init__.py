"""The day's flow: where each patient stands, what comes next, and a day that runs late.

* `board(visits, now) -> list[Card]`, `pulse(site, day)`: who stands where, and whether it changed;
* `move_on(...)`: one step that has no status of its own, stamped;
* `preview(...)`, `shift(...)`: the rest of a practitioner's day moved on by some minutes;
* `soonest(...)`: the next start for somebody who walks in;
* `sheet(...)`: the day on paper.
"""
