"""What a manager looks at: plain rows read by queries; pages are made of them on the roof.

Every report takes a `Scope` (a period of local dates, sites) and has two readings: counts, and the
rows behind any of them, which add up to it.
"""

from scheduling.reports.periods import Kind, Period
from scheduling.reports.scopes import Page, Scope, asked

__all__ = ["Kind", "Page", "Period", "Scope", "asked"]
