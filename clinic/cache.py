"""The shared cache, which may go away: the house goes on, each process by its own memory.

Nothing that matters lies in it but the counts of the sign-in throttle and beat's pulse. Without
this, nobody could sign in while Redis is down.
"""

import time
from logging import getLogger
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

REST_SECONDS = 15.0
"""How long Redis is left alone after it failed: a hanging one would cost each call its time-out."""

log = getLogger(__name__)
_away = {"until": 0.0}


class SteadyCache(RedisCache):
    """Redis; and while it does not answer, the memory of this process."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        """Keep a memory beside the server."""
        super().__init__(server, params)
        self._memory = LocMemCache("while-redis-is-away", {})

    def add(self, *args: Any, **kwargs: Any) -> bool:
        """Set a value where there is none, and tell whether there was none."""
        return bool(self._asked("add", *args, **kwargs))

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Read a value."""
        return self._asked("get", *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> None:
        """Keep a value."""
        self._asked("set", *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        """Forget a value, and tell whether there was one."""
        return bool(self._asked("delete", *args, **kwargs))

    def incr(self, *args: Any, **kwargs: Any) -> int:
        """Count up, in one step for all processes, and give the new count."""
        return int(self._asked("incr", *args, **kwargs))

    def clear(self) -> None:
        """Forget everything, here and there."""
        self._memory.clear()
        self._asked("clear")

    def _asked(self, verb: str, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= _away["until"]:
            try:
                return getattr(super(), verb)(*args, **kwargs)
            except (RedisError, OSError):
                log.warning("cache: Redis does not answer; going on without it", exc_info=True)
                _away["until"] = time.monotonic() + REST_SECONDS
        return getattr(self._memory, verb)(*args, **kwargs)


def ask_again() -> None:
    """End the rest: the next call asks Redis."""
    _away["until"] = 0.0
