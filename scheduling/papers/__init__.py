"""What patients fill in and sign: medical history and consent, kept as they were given.

`history` and `consents` are the patients' verbs, `reviewing` the clinicians'; `standing` says what
an answer means for the visits to come; `printing` makes a PDF of either.
"""
