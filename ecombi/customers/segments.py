"""The ten customer segments, as data: which recency and which frequency and spend lead to which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Customers of neighbouring scores; scores are fifths, 5 is best.

    Attributes:
        name: What people call them.
        meaning: Who they are.
        r: Lowest and highest recency score.
        fm: Lowest and highest mean of the frequency and the monetary score, halves rounded up.
    """

    name: str
    meaning: str
    r: tuple[int, int]
    fm: tuple[int, int]


SEGMENTS: Final = (
    Segment(name="Champions", meaning="Ordered just now, order often, spend most.", r=(5, 5), fm=(4, 5)),
    Segment(name="Loyal customers", meaning="Order often and spend well.", r=(3, 4), fm=(4, 5)),
    Segment(name="Potential loyalists", meaning="Recent, with more than one sign of interest.", r=(4, 5), fm=(2, 3)),
    Segment(name="New customers", meaning="Ordered just now for the first time or little.", r=(5, 5), fm=(1, 1)),
    Segment(name="Promising", meaning="Ordered lately, but little so far.", r=(4, 4), fm=(1, 1)),
    Segment(name="Need attention", meaning="In the middle of everything.", r=(3, 3), fm=(3, 3)),
    Segment(name="About to sleep", meaning="Not so recent any more, and never many orders.", r=(3, 3), fm=(1, 2)),
    Segment(name="Cannot lose", meaning="Were among the best, and have stayed away.", r=(1, 2), fm=(5, 5)),
    Segment(name="At risk", meaning="Ordered often or spent well, a long time ago.", r=(1, 2), fm=(3, 4)),
    Segment(name="Hibernating", meaning="Ordered little, a long time ago.", r=(1, 2), fm=(1, 2)),
)
"""Every pair of scores is in exactly one of them."""
