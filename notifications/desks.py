"""What those who send work with."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from notifications.core.policy import Channel, Policy
from notifications.providers import Provider

Clock = Callable[[], datetime]


class Carriers(Protocol):
    """Gives the provider of a channel."""

    def __call__(self, channel: Channel, /) -> Provider:
        """Make one, to be entered for a batch."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a round works with; `draw` gives the jitter of retries, from 0 to 1."""

    clock: Clock
    policy: Policy
    carriers: Carriers
    draw: Callable[[], float] = random.random
