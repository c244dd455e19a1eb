"""The conversion metrics: one literal each, over web and app sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ecombi.metrics.definitions import Difference, Direction, Measure, Ratio, Unit
from ecombi.metrics.marts import SESSIONS

if TYPE_CHECKING:
    import ibis.expr.types as ir

_OWNER: Final = "Marketing"
_FUNNEL_HOURS: Final = 24
"""A step belongs to the funnel when it is reached within this time of the session's start."""
_CHECKOUT_DAYS: Final = 7
"""A checkout is abandoned when it is not completed within this time of its own start."""
# A checkout of the funnel can start a day after its session, whose day is the row's, and then has its own time.
_CHECKOUT_SETTLED_DAYS: Final = _FUNNEL_HOURS // 24 + _CHECKOUT_DAYS
_SHOPIFY: Final = (
    "https://community.shopify.com/t/how-is-the-shopify-conversion-rate-calculated-and-why/560914 "
    "(sessions, not orders, over sessions)"
)
_FUNNEL: Final = (
    "https://stanconsultingllc.com/marketing-atlas/reference/channels/shopify/shopify-conversion-rate/ (ordered steps)"
)
_ABANDONED: Final = "https://docs.mapp.com/docs/shopping-cart-abandonment-rate.md"
_STEP_RULE: Final = (
    "A step counts only after every step before it, at its first time then, and within 24 hours of the session's "
    "start; so reloading a page or doing a step again changes nothing."
)


def _counts(row: ir.Table) -> ir.Value:
    """Whether a session is a person's visit: not a bot's, and not over within a second of nothing. Unknown counts."""
    import ibis

    second = ibis.interval(seconds=1)
    brief = (row["ended_at"] < row["started_at"] + second).fill_null(False) & row["viewed_at"].isnull()
    return ~row["is_bot"].fill_null(False) & ~brief


def _reached(row: ir.Table, step: str) -> ir.Value:
    import ibis

    in_time = row[step] <= row["started_at"] + ibis.interval(hours=_FUNNEL_HOURS)
    return _counts(row) & in_time.fill_null(False)


def _viewed(row: ir.Table) -> ir.Value:
    return _reached(row, "viewed_at")


def _added(row: ir.Table) -> ir.Value:
    return _reached(row, "added_at")


def _checked_out(row: ir.Table) -> ir.Value:
    return _reached(row, "checkout_at")


def _completed(row: ir.Table) -> ir.Value:
    return _reached(row, "completed_at")


def _bought_in_time(row: ir.Table) -> ir.Value:
    import ibis

    in_time = row["completed_at"] <= row["checkout_at"] + ibis.interval(days=_CHECKOUT_DAYS)
    return _checked_out(row) & in_time.fill_null(False)


sessions: Final = Measure(
    name="sessions",
    label="Sessions",
    unit=Unit.COUNT,
    direction=Direction.UP,
    formula="Number of sessions that started.",
    description=(
        "Visits to the shop's site or app, each on the day it started, also where it ends on the next. A session "
        "counts where nobody recorded whether a machine made it or when it ended. Left out: sessions of bots, and "
        "sessions that were over in less than a second without a product view."
    ),
    example="S1 to S7, not S8 (0.4 s) nor S9 (a bot) = 7",
    source=_SHOPIFY,
    owner=_OWNER,
    mart=SESSIONS,
    value=None,
    where=_counts,
)

sessions_viewed: Final = Measure(
    name="sessions_viewed",
    label="Sessions with a product view",
    unit=Unit.COUNT,
    direction=Direction.UP,
    formula="Number of sessions that reached a product page.",
    description=f"The first step of the funnel. {_STEP_RULE} Left out: what sessions leaves out.",
    example="S1 to S6 = 6",
    source=_FUNNEL,
    owner=_OWNER,
    mart=SESSIONS,
    value=None,
    where=_viewed,
)

sessions_added: Final = Measure(
    name="sessions_added",
    label="Sessions with an addition to the basket",
    unit=Unit.COUNT,
    direction=Direction.UP,
    formula="Number of sessions that put something into the basket after a product view.",
    description=(
        f"The second step of the funnel. {_STEP_RULE} Left out: additions without a product view before, and what "
        "sessions leaves out."
    ),
    example="S1 to S5 = 5",
    source=_FUNNEL,
    owner=_OWNER,
    mart=SESSIONS,
    value=None,
    where=_added,
)

sessions_checkout: Final = Measure(
    name="sessions_checkout",
    label="Sessions with a checkout",
    unit=Unit.COUNT,
    direction=Direction.UP,
    formula="Number of sessions that started a checkout after an addition to the basket.",
    description=(
        f"The third step of the funnel. {_STEP_RULE} Left out: checkouts without an addition before, and what sessions "
        "leaves out."
    ),
    example="S1 to S4 = 4",
    source=_FUNNEL,
    owner=_OWNER,
    mart=SESSIONS,
    value=None,
    where=_checked_out,
)

sessions_completed: Final = Measure(
    name="sessions_completed",
    label="Sessions with a completed checkout",
    unit=Unit.COUNT,
    direction=Direction.UP,
    formula="Number of sessions that completed a checkout they had started.",
    description=(
        f"The last step of the funnel; a session with two orders counts once. {_STEP_RULE} Left out: orders without a "
        "session, as from a marketplace or by phone; checkouts completed later (see checkout_abandonment_rate); and "
        "what sessions leaves out."
    ),
    example="S1 and S2, not S3 (two days later) = 2",
    source=_FUNNEL,
    owner=_OWNER,
    mart=SESSIONS,
    value=None,
    where=_completed,
)

conversion_rate: Final = Ratio(
    name="conversion_rate",
    label="Conversion rate",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Sessions with a completed checkout ÷ sessions.",
    description=(
        "The share of visits that end in an order. Not orders ÷ sessions: orders without a session are out of it, and "
        "two orders in one session count once, so it never exceeds 100%. A checkout counts as in the funnel: after "
        "every step before it, within 24 hours."
    ),
    example="2 ÷ 7 = 28.6%",
    source=_SHOPIFY,
    owner=_OWNER,
    numerator=sessions_completed,
    denominator=sessions,
)

view_rate: Final = Ratio(
    name="view_rate",
    label="View rate",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Sessions with a product view ÷ sessions.",
    description="The share of visits that reach a product page.",
    example="6 ÷ 7 = 85.7%",
    source=_FUNNEL,
    owner=_OWNER,
    numerator=sessions_viewed,
    denominator=sessions,
)

add_rate: Final = Ratio(
    name="add_rate",
    label="Add-to-basket rate",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Sessions with an addition to the basket ÷ sessions with a product view.",
    description="The share of visits with a product view that go on to the basket, in this order.",
    example="5 ÷ 6 = 83.3%",
    source=_FUNNEL,
    owner=_OWNER,
    numerator=sessions_added,
    denominator=sessions_viewed,
)

checkout_rate: Final = Ratio(
    name="checkout_rate",
    label="Checkout rate",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Sessions with a checkout ÷ sessions with an addition to the basket.",
    description="The share of visits with something in the basket that go on to a checkout, in this order.",
    example="4 ÷ 5 = 80.0%",
    source=_FUNNEL,
    owner=_OWNER,
    numerator=sessions_checkout,
    denominator=sessions_added,
)

completion_rate: Final = Ratio(
    name="completion_rate",
    label="Checkout completion rate",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Sessions with a completed checkout ÷ sessions with a checkout.",
    description=(
        "The share of started checkouts that are completed within the funnel's 24 hours. Carts that are recovered "
        "later are in checkout_abandonment_rate."
    ),
    example="2 ÷ 4 = 50.0%",
    source=_FUNNEL,
    owner=_OWNER,
    numerator=sessions_completed,
    denominator=sessions_checkout,
)

_settled_checkouts: Final = Measure(
    name="settled_checkouts",
    label="Checkouts that had their time",
    unit=Unit.COUNT,
    direction=Direction.UP,
    formula="Number of sessions with a checkout whose seven days are over.",
    description="Left out: checkouts that can still be completed in time.",
    example="S1 to S4 = 4",
    source=_ABANDONED,
    owner=_OWNER,
    mart=SESSIONS,
    value=None,
    where=_checked_out,
    matures_days=_CHECKOUT_SETTLED_DAYS,
)

_settled_purchases: Final = Measure(
    name="settled_purchases",
    label="Checkouts completed in their time",
    unit=Unit.COUNT,
    direction=Direction.UP,
    formula="Number of sessions with a checkout that was completed within seven days of its start.",
    description="Left out: checkouts whose seven days are not over, and checkouts completed after them.",
    example="S1 to S3 = 3",
    source=_ABANDONED,
    owner=_OWNER,
    mart=SESSIONS,
    value=None,
    where=_bought_in_time,
    matures_days=_CHECKOUT_SETTLED_DAYS,
)

_abandoned_checkouts: Final = Difference(
    name="abandoned_checkouts",
    label="Abandoned checkouts",
    unit=Unit.COUNT,
    direction=Direction.DOWN,
    formula="Checkouts started − checkouts completed within seven days of their start.",
    description="Left out: checkouts whose seven days are not over.",
    example="4 − 3 = 1",
    source=_ABANDONED,
    owner=_OWNER,
    minuend=_settled_checkouts,
    subtrahend=_settled_purchases,
)

checkout_abandonment_rate: Final = Ratio(
    name="checkout_abandonment_rate",
    label="Checkout abandonment rate",
    unit=Unit.RATE,
    direction=Direction.DOWN,
    formula="1 − checkouts completed within 7 days of their start ÷ checkouts started.",
    description=(
        "A cart that is recovered within the seven days, by a reminder for example, counts as completed. Only sessions "
        "of days that were over 8 days before the last final one count: a checkout starts up to a day after its "
        "session and then has its seven days, so no later arrival moves the figure. Left out: younger sessions, and "
        "what sessions leaves out."
    ),
    example="(4 − 3) ÷ 4 = 25.0%",
    source=_ABANDONED,
    owner=_OWNER,
    numerator=_abandoned_checkouts,
    denominator=_settled_checkouts,
)
