"""Moving in from another system, and out of this one: files, their verdicts, and the whole clinic.

`kinds` names what can be taken in and given out, `intakes` looks at a file and writes it,
`exports` writes everything. Upper floors add their kinds from their `apps.py`.
"""
