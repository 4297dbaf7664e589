"""The clinic's diary for other programs: `/api/v1/`, one module a noun; `routes` lists the doors.

Each door turns input into the house's words, makes one call, and spells the result or the
ClinicError; it reads the clock once and passes `now`.
"""
