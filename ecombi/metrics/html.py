"""What a passport says, for pages that are not notebooks."""

from __future__ import annotations

from ecombi.metrics.passport import Passport


def passport_lines(passport: Passport) -> list[tuple[str, str]]:
    """Return `passport.lines()`."""
    return passport.lines()
