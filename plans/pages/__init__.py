"""The patients' pages of plans: a visit moved, a course seen, a proposal accepted; thin edges."""
