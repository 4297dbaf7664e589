"""Courses written down as JSON, and their plans; the form is docs/plans.md.

`read_instances(document)` -> instances or `Unreadable`, which names the place; `answered(instance)`
is the line that `manage.py solve_plans` prints. No database, no clock.
"""

from plans.core.casebook.answering import answered
from plans.core.casebook.reading import Instance, read_instances

__all__ = ["Instance", "answered", "read_instances"]
