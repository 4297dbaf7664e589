"""The seams upward: news of the ground floor, sent inside the transaction that makes it true.

Receivers live in upper floors, are wired in their `apps.py`, and do one cheap write, so that
their rows and the change commit together or not at all.
"""

from django.dispatch import Signal

appointment_changed = Signal()
"""Sent with `appointments` (list), `verb` (str: the verb of booking), `told` (bool: whether the
patient must be told, that is, `told_version` rose), `by` (Actor) and `now` (aware UTC)."""

patient_record_changed = Signal()
"""Sent with `patient_id`, `record`, `by` and `now` when a clinical fact is added, ended or withdrawn;
`record` is None where the birth date, the skin type or a death was entered."""

grounds_changed = Signal()
"""Sent with `what` (str), `by` and `now` when hours, absences, capabilities or the protocol
change."""

hours_changed = Signal()
"""Sent with `was` (the catalogue as it stood before), `by` and `now` when opening hours or absences
change; changes that are made together are told once."""

offer_made = Signal()
"""Sent with `offer`, `by` and `now` when a free time is offered to a patient who waits for one."""
