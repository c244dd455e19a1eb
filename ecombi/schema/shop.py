"""The shop: its name, the currency it reports in, the time zone its days are cut in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """One row of the table `shop`.

    Attributes:
        name: Display name.
        currency: ISO 4217 code.
        time_zone: IANA name.
    """

    name: str
    currency: str
    time_zone: str
