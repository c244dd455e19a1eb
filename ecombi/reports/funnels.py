"""The way of a visit to an order: what each step of the funnel keeps and loses, and where."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import Final

from ecombi.metrics.result import Result
from ecombi.reports import figures
from ecombi.reports.blocks import Block, framed, state
from ecombi.reports.breakdown import label, not_known, ranked, words
from ecombi.reports.grid import finding
from ecombi.reports.recorded import Unrecorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of the funnel.

    Attributes:
        count: The metric that counts the visits which reached it.
        rate: The metric that says which share of the step before did; empty for the first.
        called: What the step is called.
        lost: Who is lost on the way to it, in words.
    """

    count: str
    rate: str
    called: str
    lost: str = ""


STEPS: Final = (
    Step(count="sessions", rate="", called="Visits"),
    Step(count="sessions_viewed", rate="view_rate", called="Saw a product", lost="visits see no product"),
    Step(
        count="sessions_added", rate="add_rate", called="Put it in the basket", lost="of those who saw a product put "
        "nothing in the basket",
    ),
    Step(
        count="sessions_checkout", rate="checkout_rate", called="Began a checkout", lost="baskets never came to a "
        "checkout",
    ),
    Step(
        count="sessions_completed", rate="completion_rate", called="Ordered", lost="checkouts did not end in an order",
    ),
)  # fmt: skip

METRICS: Final = ["sessions", *(name for step in STEPS[1:] for name in (step.count, step.rate)), "conversion_rate"]
"""What the blocks here need of a question."""

_ENOUGH: Final = Decimal("0.02")
"""The share of visits a part must have before its rate is told in words."""


def funnel(now: Result, before: Result | None, title: str, *, than: str = "the period before") -> Block:
    """Draw the funnel, and say where most is lost.

    Args:
        now: One row with `METRICS`.
        before: The same of an earlier period; None where there is none.
        title: Heading.
        than: What the earlier period is called.
    """
    first = figures.metric(now, STEPS[0].count)
    if isinstance(first, Unrecorded):
        return Block(state(f"{title}: not known. {first.why}"))
    row = figures.only(now)
    counts = [figures.number(row[step.count]) or Decimal(0) for step in STEPS]
    if not counts[0]:
        return Block(state(f"{title}: nobody visited in these days."))
    earlier = None if before is None else figures.only(before)
    items = [_item(now, place, counts, row, earlier) for place in range(len(STEPS))]
    said = _worst(now, counts), _moved(now, row, earlier, than)
    return Block(framed(title, now, f'<ol class="funnel">{"".join(items)}</ol>') + finding(*said))


def extremes(cut: Result, total: Result) -> Block:
    """Say which part turns the largest and which the smallest share of its visits into orders."""
    if not_known(cut, ""):
        return Block("")
    key = cut.passport.query.by[0]
    whole = figures.only(total)
    visits, rate = figures.number(whole["sessions"]), figures.number(whole["conversion_rate"])
    if not visits or rate is None:
        return Block("")
    parts = [
        (share, row)
        for row in ranked(cut, "sessions")
        if row[key] is not None
        and (figures.number(row["sessions"]) or Decimal(0)) >= visits * _ENOUGH
        and (share := figures.number(row["conversion_rate"])) is not None
    ]
    if len(parts) < 2:
        return Block("")
    (high, best), (low, worst) = max(parts, key=lambda p: p[0]), min(parts, key=lambda p: p[0])
    if high == low:
        return Block(finding(f"Every {escape(words(key))} converts the same share of its visits."))
    most, least, whole_rate = figures.column(cut, "conversion_rate", [high, low, rate])
    return Block(
        finding(
            f"<b>{label(key, best[key])}</b> turns most visits into orders, {most}, and "
            f"<b>{label(key, worst[key])}</b> fewest, {least}; all together it is {whole_rate}."
        )
    )


def _item(now: Result, place: int, counts: list[Decimal], row: figures.Row, earlier: figures.Row | None) -> str:
    step, count = STEPS[place], counts[place]
    exact = figures.data(f"{count:,}", row[step.count])
    width = 100 * count / counts[0]
    said = ""
    if step.rate:
        kept = figures.write(now, step.rate, row[step.rate])
        change = earlier and figures.change(figures.metric(now, step.rate), row[step.rate], earlier[step.rate])
        shown = f", {change.marked}" if change and change.judgement != "same" else ""
        lost = counts[place - 1] - count
        said = (
            f'<span class="r"><span>{kept} of the step before{shown}</span>'
            f"<span>{lost:,} lost; {width:.1f}% of visits left</span></span>"
        )
    return (
        f'<li><span>{escape(step.called)}</span><span class="v">{exact}</span>'
        f'<span class="track"><span class="bar" style="width:{width:.1f}%"></span></span>{said}</li>'
    )


def _worst(now: Result, counts: list[Decimal]) -> str:
    """Say at which step the largest share of those who came to it is lost."""
    losses = [
        ((counts[place - 1] - counts[place]) / counts[place - 1], counts[place - 1] - counts[place], STEPS[place])
        for place in range(1, len(STEPS))
        if counts[place - 1]
    ]
    share, lost, step = max(losses, key=lambda item: item[0])
    if not lost:
        return ""
    written = figures.write(now, "conversion_rate", share)
    return f"Most is lost at one step: <b>{lost:,}</b> {escape(step.lost)} ({written})."


def _moved(now: Result, row: figures.Row, earlier: figures.Row | None, than: str) -> str:
    """Say which step changed most since the earlier period."""
    if earlier is None:
        return ""
    moves = [
        (abs(this - that), step)
        for step in STEPS[1:]
        if (this := figures.number(row[step.rate])) is not None
        and (that := figures.number(earlier[step.rate])) is not None
    ]
    if not moves:
        return ""
    size, step = max(moves, key=lambda item: item[0])
    change = figures.change(figures.metric(now, step.rate), row[step.rate], earlier[step.rate])
    if not size or change is None or change.judgement == "same":
        return f"No step changed against {escape(than)}."
    called = figures.metric(now, step.rate).label.lower()
    points = change.arrow[2:].replace("pp", "percentage points")
    return f"The {escape(called)} changed most: {escape(points)} {escape(change.than)} {escape(than)}."
