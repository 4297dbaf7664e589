"""The four digits by which a text names a visit.

They are derived, not stored: a keyed permutation of the visits' ids, so that any `COUNT` visits
booked one after another have codes that all differ, and nobody who knows one code learns another.
"""

import hashlib
from functools import lru_cache

LEAST = 1000
"""No leading zero: people leave it out."""

COUNT = 9000
_BITS = 7
_MASK = (1 << _BITS) - 1
_ROUNDS = 4


def code_of(appointment_id: int, *, key: str) -> str:
    """Spell a visit's code: four digits from 1000 to 9999."""
    place = appointment_id % COUNT
    # Cycle walking (J. Black, P. Rogaway, "Ciphers with Arbitrary Finite Domains", 2002): a
    # permutation of 2**14 followed until it falls among the first `COUNT` is one of those.
    while (place := _permuted(place, key)) >= COUNT:
        pass
    return str(LEAST + place)


def _permuted(number: int, key: str) -> int:
    """Permute 14 bits by a balanced Feistel network."""
    left, right = number >> _BITS, number & _MASK
    for mixed in _mixed(key):
        left, right = right, left ^ mixed[right]
    return left << _BITS | right


@lru_cache(maxsize=4)
def _mixed(key: str) -> tuple[bytes, ...]:
    """Make each round's function a table: it is asked for every message, and has 128 values."""
    secret = hashlib.sha256(b"visit codes " + key.encode()).digest()
    return tuple(
        bytes(
            hashlib.blake2b(b"%d %d" % (turn, half), key=secret, digest_size=1).digest()[0] & _MASK
            for half in range(_MASK + 1)
        )
        for turn in range(_ROUNDS)
    )
