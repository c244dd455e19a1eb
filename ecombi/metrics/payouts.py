"""Payouts taken apart, and the orders whose payments differ from what they were charged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ecombi.metrics.analysis import Analysis, Field
from ecombi.metrics.definitions import Unit
from ecombi.schema.kinds import Kind

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from ecombi.metrics.tables import Tables

_MONEY: Final = "decimal(38, 4)"
_CHARGED: Final = (
    Kind.SALE,
    Kind.DISCOUNT,
    Kind.RETURN,
    Kind.TAX,
    Kind.TAX_REFUND,
    Kind.SHIPPING,
    Kind.SHIPPING_DISCOUNT,
    Kind.SHIPPING_REFUND,
    Kind.DUTY,
    Kind.TIP,
    Kind.GIFT_CARD_ISSUE,
    Kind.GIFT_CARD_REDEEM,
)


def _total(amount: ir.DecimalColumn, where: ir.BooleanValue | None = None) -> ir.Value:
    """Sum exactly; nothing is 0."""
    import ibis

    return amount.sum(where=where).cast(_MONEY).coalesce(ibis.literal(0, _MONEY))


def _payouts(t: Tables, *, start: ir.DateValue, end: ir.DateValue) -> ir.Table:
    settled = t.payments.filter(t.payments["payout_id"].notnull())
    kind, amount = settled["kind"], settled["amount"]
    rows = settled.aggregate(
        by="payout_id",
        first_on=settled["paid_on"].min(),
        last_on=settled["paid_on"].max(),
        payments=settled.count(),
        captured_amount=_total(amount, kind == "capture"),
        refunded_amount=_total(-amount, kind == "refund"),
        chargeback_amount=_total(-amount, kind == "chargeback"),
        fee_amount=_total(settled["fee_amount"]),
        net_amount=_total(amount - settled["fee_amount"]),
    )
    return rows.filter(rows["last_on"] >= start, rows["last_on"] < end)


def _payment_differences(t: Tables, *, start: ir.DateValue, end: ir.DateValue) -> ir.Table:
    """Stack both sides and add them up by order, so that an order missing on one side is found too."""
    import ibis

    ledger = t.ledger.filter(t.ledger["kind"].isin(_CHARGED))
    paid = t.payments.filter(t.payments["kind"].isin(["capture", "refund"]))
    nothing = ibis.literal(0, "decimal(18, 4)")
    is_capture = paid["kind"] == "capture"
    stacked = ibis.union(
        ledger.select("order_id", day="event_on", charged="amount", captured=nothing, refunded=nothing),
        paid.select(
            "order_id",
            day="paid_on",
            charged=nothing,
            captured=ibis.cases((is_capture, paid["amount"]), else_=nothing),
            refunded=ibis.cases((is_capture, nothing), else_=-paid["amount"]),
        ),
    )
    rows = stacked.aggregate(
        by="order_id",
        last_on=stacked["day"].max(),
        charged_amount=_total(stacked["charged"]),
        captured_amount=_total(stacked["captured"]),
        refunded_amount=_total(stacked["refunded"]),
    )
    difference = rows["captured_amount"] - rows["refunded_amount"] - rows["charged_amount"]
    rows = rows.mutate(difference=difference.cast(_MONEY))
    return rows.filter(rows["difference"] != 0, rows["last_on"] >= start, rows["last_on"] < end)


payouts: Final = Analysis(
    name="payouts",
    label="Payouts",
    question="What does each payout of a provider consist of?",
    grain="One row per payout whose last payment lies in the period, with all of its payments.",
    fields={
        "payout_id": Field(meaning="The payout, as the provider names it."),
        "first_on": Field(meaning="Day of its first payment."),
        "last_on": Field(meaning="Day of its last payment."),
        "payments": Field(meaning="Captures, refunds and chargebacks in it.", unit=Unit.COUNT),
        "captured_amount": Field(meaning="What was collected from customers.", unit=Unit.MONEY),
        "refunded_amount": Field(meaning="What was given back, as a positive figure.", unit=Unit.MONEY),
        "chargeback_amount": Field(meaning="What customers' banks took back, as a positive figure.", unit=Unit.MONEY),
        "fee_amount": Field(meaning="The provider's fees.", unit=Unit.MONEY),
        "net_amount": Field(meaning="What must arrive at the bank.", unit=Unit.MONEY),
    },
    keys=("payout_id",),
    order=("last_on", "payout_id"),
    build=_payouts,
    bound={"start": "date", "end": "date"},
    formula=(
        "Net amount = captured − refunded − chargebacks − fees, exactly. Payments of no payout yet are left out: see "
        "unsettled_amount."
    ),
    example="Captured 100.00 and 60.00, refunded 20.00, fees 1.60 and 1.10: 160.00 − 20.00 − 2.70 = 137.30.",
    source="Composed from the providers' captures, refunds, chargebacks and payouts.",
)

payment_differences: Final = Analysis(
    name="payment_differences",
    label="Payment differences",
    question="For which orders did the providers collect something else than the customer was charged?",
    grain=(
        "One row per order with a difference to date, on which something was charged, collected or given back last in "
        "the period; one row without an order for all that names none."
    ),
    fields={
        "order_id": Field(meaning="The order; no value for charges and payments that name no order."),
        "last_on": Field(meaning="Day of the last charge, capture or refund."),
        "charged_amount": Field(
            meaning="What the ledger says the customer owes: goods, tax, shipping, duties, tips and gift cards bought, "
            "less discounts, returns and gift cards used.",
            unit=Unit.MONEY,
        ),
        "captured_amount": Field(meaning="What providers collected.", unit=Unit.MONEY),
        "refunded_amount": Field(meaning="What providers gave back, as a positive figure.", unit=Unit.MONEY),
        "difference": Field(meaning="Positive: too much was collected, or too little given back.", unit=Unit.MONEY),
    },
    keys=("order_id",),
    order=("last_on", "order_id"),
    build=_payment_differences,
    bound={"start": "date", "end": "date"},
    formula=(
        "Difference = captured − refunded − charged, exactly, over everything known. Chargebacks are left out: what a "
        "bank takes back is still owed. So are fees, and corrections of the ledger."
    ),
    example="Charged 80.00 for goods and 5.00 for shipping, captured 84.00: 84.00 − 85.00 = −1.00.",
    definition_version=2,
    source="Composed from the ledger and the providers' captures and refunds.",
)
