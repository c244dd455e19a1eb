"""The payments metrics: one literal each, over what payment providers captured, gave back and settled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ecombi.metrics.definitions import Direction, Measure, Ratio, Unit
from ecombi.metrics.marts import LEDGER, PAYMENTS
from ecombi.schema.kinds import Kind

if TYPE_CHECKING:
    import ibis.expr.types as ir

_SOURCE: Final = "Composed from the providers' captures, refunds, chargebacks and payouts."


def _is_capture(row: ir.Table) -> ir.Value:
    return row["kind"] == "capture"


def _is_refund(row: ir.Table) -> ir.Value:
    return row["kind"] == "refund"


def _is_chargeback(row: ir.Table) -> ir.Value:
    return row["kind"] == "chargeback"


def _is_settled(row: ir.Table) -> ir.Value:
    return row["payout_id"].notnull()


def _is_open(row: ir.Table) -> ir.Value:
    return row["payout_id"].isnull()


def _after_fees(row: ir.Table) -> ir.Value:
    return row["amount"] - row["fee_amount"]


payments_captured: Final = Measure(
    name="payments_captured",
    label="Payments captured",
    unit=Unit.MONEY,
    direction=Direction.UP,
    formula="Sum of what providers collected from customers.",
    description=(
        "By the day of the capture, before fees, with tax, shipping, duties, tips and gift cards sold. Left out: "
        "refunds, chargebacks, what was paid with gift cards."
    ),
    example="26.60 + 49.50 + 50.00 + 10.00 + 10.50 = 146.60",
    source=_SOURCE,
    mart=PAYMENTS,
    where=_is_capture,
    value="amount",
)

tips: Final = Measure(
    name="tips",
    label="Tips",
    unit=Unit.MONEY,
    direction=Direction.UP,
    formula="Sum of what customers gave on top of their orders.",
    description="They are no part of net or total sales: whoever takes them owes them to somebody else.",
    example="0.50 = 0.50",
    source="https://intercom.help/polar-app/en/articles/6665698-shopify-terms-definitions",
    mart=LEDGER,
    kinds=(Kind.TIP,),
    value="amount",
)

payments_refunded: Final = replace(
    payments_captured,
    name="payments_refunded",
    label="Payments refunded",
    direction=Direction.DOWN,
    formula="Sum of what providers gave back to customers, as a positive figure.",
    description="By the day of the refund. Left out: refunds onto a gift card, chargebacks.",
    example="10.80 = 10.80",
    where=_is_refund,
    sign=-1,
)

chargeback_amount: Final = replace(
    payments_refunded,
    name="chargeback_amount",
    label="Chargebacks, amount",
    formula="Sum of what customers' banks took back, as a positive figure.",
    description="By the day of the chargeback. Left out: the provider's penalty, which is a fee.",
    example="10.00 = 10.00",
    where=_is_chargeback,
)

chargebacks: Final = replace(
    chargeback_amount,
    name="chargebacks",
    label="Chargebacks",
    unit=Unit.COUNT,
    formula="Number of chargebacks.",
    description="By the day of the chargeback, weeks after the sale.",
    example="M7 = 1",
    value=None,
    sign=1,
)

_captures: Final = replace(
    payments_captured,
    name="captures",
    label="Captures",
    unit=Unit.COUNT,
    formula="Number of captures.",
    description="By the day of the capture.",
    example="M1 to M5 = 5",
    value=None,
)

chargeback_rate: Final = Ratio(
    name="chargeback_rate",
    label="Chargeback rate",
    unit=Unit.RATE,
    direction=Direction.DOWN,
    formula="Number of chargebacks ÷ number of captures.",
    description=(
        "Each on its own day, as card networks watch it: chargebacks come weeks after their sale, so growth lowers the "
        "rate. See chargeback_amount_rate for the share of the money."
    ),
    example="1 ÷ 5 = 20.0%",
    source=_SOURCE,
    numerator=chargebacks,
    denominator=_captures,
)

chargeback_amount_rate: Final = Ratio(
    name="chargeback_amount_rate",
    label="Chargeback rate, by amount",
    unit=Unit.RATE,
    direction=Direction.DOWN,
    formula="Amount of chargebacks ÷ payments captured.",
    description="Each on its own day. Above chargeback_rate where expensive orders are hit more often.",
    example="10.00 ÷ 146.60 = 6.8%",
    source=_SOURCE,
    numerator=chargeback_amount,
    denominator=payments_captured,
)

payment_fees: Final = Measure(
    name="payment_fees",
    label="Payment fees",
    unit=Unit.MONEY,
    direction=Direction.DOWN,
    formula="Sum of the fees providers kept, of captures, refunds and chargebacks alike.",
    description="By the day of what they were kept for. Left out: fees a provider bills by itself.",
    example="0.80 + 1.70 + 1.50 + 0.40 + 0.60 + 0.00 + 1.00 = 6.00",
    source=_SOURCE,
    mart=PAYMENTS,
    value="fee_amount",
)

fee_rate: Final = Ratio(
    name="fee_rate",
    label="Fee rate",
    unit=Unit.RATE,
    direction=Direction.DOWN,
    formula="Payment fees ÷ payments captured.",
    description="What it costs to be paid, with the penalties for chargebacks.",
    example="6.00 ÷ 146.60 = 4.09%",
    source=_SOURCE,
    numerator=payment_fees,
    denominator=payments_captured,
)

settled_amount: Final = Measure(
    name="settled_amount",
    label="Settled amount",
    unit=Unit.MONEY,
    direction=Direction.NEUTRAL,
    formula="Captures − refunds − chargebacks that are part of a payout.",
    description="By the day of the payment, not of the payout; before fees. Settled and unsettled make up everything.",
    example="26.60 + 49.50 + 50.00 = 126.10",
    source=_SOURCE,
    mart=PAYMENTS,
    where=_is_settled,
    value="amount",
)

unsettled_amount: Final = replace(
    settled_amount,
    name="unsettled_amount",
    label="Unsettled amount",
    formula="Captures − refunds − chargebacks that are not part of a payout yet.",
    description="By the day of the payment, before fees: what providers still owe. Negative where the shop owes them.",
    example="10.00 + 10.50 − 10.80 − 10.00 = −0.30",
    where=_is_open,
)

net_payout: Final = replace(
    settled_amount,
    name="net_payout",
    label="Net payout",
    direction=Direction.UP,
    formula="Settled amount − fees of what was settled.",
    description="What arrives at the bank, by the day of the payment. Left out: what is not settled yet.",
    example="126.10 − (0.80 + 1.70 + 1.50) = 122.10",
    value=_after_fees,
)
