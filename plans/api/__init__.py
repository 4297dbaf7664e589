"""Courses for other programs, under `/api/v1/`: templates, plans, proposals; `routes` lists the doors.

Each door turns input into the house's words, makes one call, and spells the plan as it stands
afterwards, or the ClinicError; it reads the clock once and passes `now`.
"""
