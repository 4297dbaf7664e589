"""Signing in without a password: a code to the telephone or e-mail, then the birth date.

Nobody looks whether an address is known here before its code has come back: so known and unknown
are the same by construction, in what is done, said and sent.
"""

from notifications.signin.addresses import Address, Unreachable, read
from notifications.signin.asking import MINUTE, Asked, ask, house_of
from notifications.signin.proving import (
    ChallengeOver,
    Wrong,
    live,
    newcomer,
    patient_by_birth_date,
    prove,
    proved,
)
from notifications.signin.sending import send

__all__ = [
    "MINUTE",
    "Address",
    "Asked",
    "ChallengeOver",
    "Unreachable",
    "Wrong",
    "ask",
    "house_of",
    "live",
    "newcomer",
    "patient_by_birth_date",
    "prove",
    "proved",
    "read",
    "send",
]
