"""What plans put into the copy of their data that a patient takes along."""

from typing import Any

from plans.models import Plan
from scheduling.models import Patient


def of_patient(patient: Patient) -> list[dict[str, Any]]:
    """List a patient's plans, newest first, each with how many sessions it has."""
    rows = Plan.objects.filter(patient=patient).prefetch_related("sessions").order_by("-pk")
    return [
        {
            "name": row.name,
            "areas": list(row.areas),
            "sessions": len(row.sessions.all()),
            "from": row.not_before,
            "until": row.not_after,
            "state": "abandoned" if row.abandoned_at else "paused" if row.paused_at else "open",
        }
        for row in rows
    ]
