"""The clinic's diary for other programs: `/api/v1/`, one module a noun.

Each door turns input into the house's words, makes one call, and spells the result or the
ClinicError; it reads the clock once and passes `now`.
"""

from scheduling.api.routes import urlpatterns

__all__ = ["urlpatterns"]
