"""The values of one asking: a range of days and filters, drawn anew for each."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

LAST = date(2026, 11, 1)
"""The day after the last one of the simulated shop."""
_COUNTRIES = ("United Kingdom", "Germany", "France", "Netherlands", "Ireland")
_CHANNELS = ("Online store", "App", "Marketplace")
_SETTLED_DAYS = 8
"""So many days before the end every figure is final."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """The values of one asking; the days from `start` up to and not including `end`."""

    start: date
    end: date
    basis: str
    country: str
    channel: str

    @property
    def before(self) -> date:
        """First day of the period before, of the same length."""
        return self.start - (self.end - self.start)

    @property
    def period(self) -> dict[str, date]:
        """The period as `ws.query` takes it."""
        return {"start": self.start, "end": self.end}

    def values(self) -> Mapping[str, object]:
        """Return every value that SQL by hand can use, by name."""
        return {
            "start": self.start,
            "end": self.end,
            "before": self.before,
            "basis": self.basis,
            "country": self.country,
            "channel": self.channel,
            "last": LAST,
        }


def draw(rng: random.Random, days: int) -> Draw:
    """Choose a period of up to `days` days, by at most a tenth shorter, and filters."""
    end = LAST - timedelta(days=rng.randrange(_SETTLED_DAYS, 50))
    return Draw(
        start=end - timedelta(days=rng.randrange(days - days // 10, days + 1)),
        end=end,
        basis=rng.choice(("booked", "ordered")),
        country=rng.choice(_COUNTRIES),
        channel=rng.choice(_CHANNELS),
    )
