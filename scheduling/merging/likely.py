"""Who looks like one person entered twice."""

from dataclasses import dataclass

from scheduling import statements
from scheduling.models import Patient

MOST = 100

# Families share telephones and twins birth dates: a shared address counts only with a shared name or
# birth date, and who answers for somebody is not that somebody.
_PAIRS = """
WITH known AS (
  SELECT id, lower(given_name || ' ' || family_name) AS name, lower(given_name) AS given, birth_date,
    phone, lower(email) AS email, guardian_id
  FROM scheduling_patient WHERE NOT provisional
), pairs AS (
  SELECT a.id AS one, b.id AS two, 'same name and birth date' AS because, 1 AS rank
  FROM known a JOIN known b ON a.name = b.name AND a.birth_date = b.birth_date AND a.id < b.id
  UNION ALL
  SELECT a.id, b.id, 'same phone, and the same given name or birth date', 2
  FROM known a JOIN known b ON a.phone = b.phone AND a.id < b.id
  WHERE a.phone <> '' AND (a.given = b.given OR a.birth_date = b.birth_date)
    AND a.guardian_id IS DISTINCT FROM b.id AND b.guardian_id IS DISTINCT FROM a.id
  UNION ALL
  SELECT a.id, b.id, 'same e-mail, and the same given name or birth date', 3
  FROM known a JOIN known b ON a.email = b.email AND a.id < b.id
  WHERE a.email <> '' AND (a.given = b.given OR a.birth_date = b.birth_date)
    AND a.guardian_id IS DISTINCT FROM b.id AND b.guardian_id IS DISTINCT FROM a.id
)
SELECT one, two, string_agg(because, '; ' ORDER BY rank) FROM pairs
WHERE NOT EXISTS (SELECT FROM scheduling_twopeople said WHERE said.one_id = one AND said.two_id = two)
GROUP BY one, two ORDER BY min(rank), one, two LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Likely:
    """Two of the register who look like one person, the older entry first, and why."""

    one: Patient
    two: Patient
    because: str


def likely(*, most: int = MOST) -> list[Likely]:
    """List pairs that look like one person, the surest first; a person decides.

    Of whom it was said that they are two people is not asked again.
    """
    pairs = statements.rows(_PAIRS, [most])
    people = Patient.objects.in_bulk({pk for one, two, _ in pairs for pk in (one, two)})
    return [Likely(people[one], people[two], because) for one, two, because in pairs]
