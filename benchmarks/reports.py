"""The reports: each whole page, over a month and over a quarter, with 100,000 visits behind it.

Two years of visits before W are filled by hand: eight a day for each practitioner, every second one
with a room and numbing; of twenty one is a no-show and one cancelled late. Each has three messages,
every tenth is a session of a plan. A page is asked for as a browser would, middleware and template
included; the floor reads the visits of the same dates, in binary by a plain cursor, and does nothing
with them.
"""

import statistics
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.db import connection

from benchmarks import servers, workload
from benchmarks.pages import cost
from benchmarks.report import Report
from benchmarks.stations import Station, timed
from benchmarks.workload import Clinic

VISITS = 100_000
FIRST_ID = 20_000_000
A_DAY = 8
SLUGS = ("utilisation", "attendance", "waits", "overrides", "refusals", "messages", "adherence")
MOST_MS = 300

_MESSAGES = """
INSERT INTO notifications_message (ref, appointment_id, patient_id, site_id, kind, channel, "offset",
  told_version, recipient, due_at, not_after, first_due_at, dedupe_key, state, open, drop_reason,
  attempts, sending_at, text_hash, segments, provider, provider_id, created_at, settled_at)
SELECT gen_random_uuid(), a.id, a.patient_id, a.site_id, k.kind, k.channel, 'now', 0, 'x', a.start - k.ahead,
  a.start, a.start - k.ahead, k.n || ':' || a.id,
  CASE WHEN a.id %% 9 = 0 THEN 'undelivered' WHEN k.channel = 'sms' THEN 'delivered' ELSE 'accepted' END,
  false, '', 1, a.start - k.ahead, '', CASE WHEN k.channel = 'sms' THEN 1 + a.id %% 2 END, 'x', 'x',
  a.created_at, a.start - k.ahead
FROM scheduling_appointment a, (VALUES (1, 'booked', 'email', interval '20 days'),
  (2, 'reminder', 'email', interval '7 days'), (3, 'reminder', 'sms', interval '2 days'))
  AS k (n, kind, channel, ahead)
WHERE a.id >= %s ORDER BY a.id, k.n
"""

_EXCEPTIONS = """
INSERT INTO scheduling_override (appointment_id, code, reason, sentence, arithmetic, by_id, by_name, at)
SELECT a.id, 'too_soon', 'needed', '', '', (SELECT min(id) FROM auth_user), 'W', a.created_at
FROM scheduling_appointment a WHERE a.id >= %(from)s AND a.id %% 50 = 0;
INSERT INTO scheduling_refusal (ask, at, site_id, treatment_id, code, family, severity, by)
SELECT gen_random_uuid(), a.created_at, a.site_id, a.treatment_id,
  CASE WHEN a.id %% 3 = 0 THEN 'SEED-GAP-RF' ELSE 'resource_taken' END,
  CASE WHEN a.id %% 3 = 0 THEN 'rest' ELSE 'diary' END, 'hard', 'W'
FROM scheduling_appointment a WHERE a.id >= %(from)s AND a.id %% 4 = 0;
INSERT INTO scheduling_thirdnext (site_id, treatment_id, measured_on, measured_at, third_on, days, reach_days)
SELECT DISTINCT a.site_id, t.id, a.local_date, a.local_date::timestamptz, a.local_date + 3, 3, 14
FROM scheduling_appointment a, scheduling_treatment t WHERE a.id >= %(from)s;
"""

_PLANS = """
INSERT INTO scheduling_series (id, name, patient_id, categories, areas, open)
SELECT a.id, 'W', a.patient_id, '{}', '{}', false FROM scheduling_appointment a
WHERE a.id >= %(from)s AND a.id %% 40 = 0;
INSERT INTO plans_plan (id, patient_id, site_id, series_id, name, indication, areas, size, depth,
  weekdays, times, blocked, paused_by, pause_reason, abandoned_by, abandon_reason, version,
  created_at, created_by)
SELECT a.id, a.patient_id, a.site_id, a.id, 'W', '', '{}', '', '', '{}', '{}', '{}', '', '', '', '', 1,
  a.created_at, 'W' FROM scheduling_appointment a WHERE a.id >= %(from)s AND a.id %% 40 = 0;
INSERT INTO plans_session (id, plan_id, seq, name, treatment_id, minutes, areas, size, depth,
  same_practitioner, optional, fixed, skipped_by, skip_reason)
SELECT a.id + n, a.id, n, 'W', a.treatment_id, 45, '{}', '', '', false, false, false, '', ''
FROM scheduling_appointment a, generate_series(1, 4) n WHERE a.id >= %(from)s AND a.id %% 40 = 0;
INSERT INTO plans_adherence (session_id, site_id, outcome, counted_on, read_at)
SELECT n.id, p.site_id, CASE WHEN n.seq = 4 THEN 'overdue' ELSE 'within' END,
  a.local_date + n.seq * 20, a.start
FROM plans_session n JOIN plans_plan p ON p.id = n.plan_id
JOIN scheduling_appointment a ON a.id = p.id;
"""

_PLAIN = """SELECT id, treatment_id, status, start_q, end_q, created_at, cancelled_at
FROM scheduling_appointment WHERE site_id = %s AND local_date BETWEEN %s AND %s"""


def days(count: int) -> list[date]:
    """List the open days before W that it takes for so many visits, the last first."""
    found: list[date] = []
    day = workload.FIRST - timedelta(days=3)
    while len(found) * workload.PRACTITIONERS * A_DAY < count:
        if day.weekday() < 6:
            found.append(day)
        day -= timedelta(days=1)
    return found


def fill(clinic: Clinic, count: int) -> date:
    """Write the visits and all that hangs on them; give the first day."""
    from django.contrib.auth.models import User

    from scheduling.models import Allocation, Appointment

    User.objects.create(username="W")
    open_days = days(count)
    for model in (Appointment, Allocation):
        workload._guards(model, back=False, constraints=True)
    visits = list(_visits(open_days, count))
    facts = workload.facts_of_a_visit(clinic)
    for name in ("status", "created_at"):
        facts.pop(name)
    workload.copy_rows(Appointment, facts, (row for row, _ in visits))
    workload.copy_rows(Allocation, {}, _holds(clinic, visits))
    for model in (Appointment, Allocation):
        workload._guards(model, back=True, constraints=False)  # no page reads by a constraint
    with connection.cursor() as cursor:
        cursor.execute(_MESSAGES, [FIRST_ID])
        for script in (_EXCEPTIONS, _PLANS):
            for statement in filter(str.strip, script.split(";")):
                cursor.execute(statement, {"from": FIRST_ID})
        cursor.execute("VACUUM (ANALYZE)")
    return open_days[-1]


def _visits(open_days: list[date], count: int) -> Iterator[tuple[dict[str, object], int]]:
    for n in range(count):
        day, slot = divmod(n // workload.PRACTITIONERS, A_DAY)
        q = workload.midnight_q(open_days[day]) + workload.OPENS_Q + slot * 12
        start = datetime.fromtimestamp(q * 300, UTC)
        local = start.astimezone(workload.LONDON)
        status = {0: "noshow", 1: "cancelled"}.get(n % 20, "fulfilled")
        yield (
            {
                "id": FIRST_ID + n, "patient_id": n % workload.PATIENTS + 1,
                "start": start, "end": start + timedelta(minutes=45), "start_q": q, "end_q": q + 9,
                "local_date": local.date(), "local_time": local.time(), "status": status,
                "cancelled_at": start - timedelta(hours=n % 40) if status == "cancelled" else None,
                "created_at": start - timedelta(hours=n * 7 % 900), "uid": UUID(int=FIRST_ID + n),
            },
            n,
        )  # fmt: skip


def _holds(
    clinic: Clinic, visits: list[tuple[dict[str, object], int]]
) -> Iterator[dict[str, object]]:
    for row, n in visits:
        who = clinic.practitioners[n % workload.PRACTITIONERS]
        q = int(str(row["start_q"]))
        active = row["status"] == "fulfilled"
        base = {"appointment_id": row["id"], "active": active}
        yield {**base, "resource_id": who, "start_q": q, "end_q": q + 9}
        if n % 2 == 0:
            room = clinic.rooms[n // 2 % workload.ROOMS]
            yield {**base, "resource_id": room, "start_q": q - 2, "end_q": q + 10}


def page(clinic: Clinic, slug: str, query: str, rounds: int, rows: str = "") -> tuple[float, int]:
    """Ask for a page; give the milliseconds and the round trips."""
    found = cost(f"/admin/reports/{slug}/{rows}?site={clinic.site}&{query}", rounds)
    return found.ms, found.trips


def floor(clinic: Clinic, first: date, last: date) -> float:
    """Read the visits of the dates, and do nothing with them."""
    from psycopg import Cursor

    connection.ensure_connection()

    def read() -> None:
        with Cursor(connection.connection) as cursor:
            cursor.execute(_PLAIN, [clinic.site, first, last], binary=True)
            cursor.fetchall()

    read()
    return statistics.median(timed(read) for _ in range(7))


def measure(report: Report, database: str, clinic: Clinic, *, smoke: bool) -> None:
    """Measure every report over a month and a quarter, and the list of rows behind one of each."""
    count, rounds = (1_000, 1) if smoke else (VISITS, 5)
    copy = servers.create("reports", template=database)
    servers.use(copy)
    oldest = fill(clinic, count)
    middle = oldest + (workload.FIRST - oldest) / 2
    with Station.at(copy) as station:
        lines = []
        for kind, length in (("month", 30), ("quarter", 91)):
            query = f"period={kind}&on={middle:%Y-%m-%d}"
            base = station.ask(floor, clinic, middle, middle + timedelta(days=length))
            for slug in SLUGS:
                took, count_of = station.ask(page, clinic, slug, query, rounds)
                listed, _ = station.ask(page, clinic, slug, query, rounds, "rows/")
                lines.append((f"{slug}, {kind}", took, took / base, count_of, listed))
    report.section(
        "Reports", f"Whole admin pages over {count:,} visits; the floor reads the visits."
    )
    report.table(("report", "ms", "to floor", "round trips", "rows page, ms"), lines)
    report.at_most("reports: the slowest page, ms", max(line[1] for line in lines), MOST_MS)
    report.at_most("reports: the slowest page of rows, ms", max(line[4] for line in lines), MOST_MS)
