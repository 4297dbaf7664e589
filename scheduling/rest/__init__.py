"""What every floor's doors of `/api/v1/` are made of: gate, strict bodies, pages, problems, answers.

Doors themselves stand in each floor's `api`; edges do not import one another.
"""
