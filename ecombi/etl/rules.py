"""What a row must be like for its table to take it: one that is not is held back, and the others are loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ecombi.schema.kinds import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A fault that one row can have.

    Attributes:
        name: Its name in the quarantine.
        column: The column at fault.
        broken: SQL over the columns of the row `delivered`, true where it has the fault; null and false where not.
        reason: What is wrong with the column's value, in words that follow it.
    """

    name: str
    column: str
    broken: str
    reason: str


def _one_of(column: str, accepted: Iterator[str] | tuple[str, ...]) -> Rule:
    listed = ", ".join(f"'{value}'" for value in accepted)
    return Rule(name=f"unknown_{column}", column=column, broken=f"{column} NOT IN ({listed})", reason="is not known")


def _not_negative(*columns: str) -> tuple[Rule, ...]:
    return tuple(
        Rule(name=f"negative_{column}", column=column, broken=f"{column} < 0", reason="is negative")
        for column in columns
    )


def _not_before(column: str, other: str) -> Rule:
    return Rule(name=f"{column}_too_early", column=column, broken=f"{column} < {other}", reason=f"is before {other}")


def _step_after(column: str, before: str) -> Rule:
    return Rule(
        name=f"{column}_out_of_order",
        column=column,
        broken=f"{column} IS NOT NULL AND ({before} IS NULL OR {column} < {before})",
        reason=f"comes before {before}, or without it",
    )


RULES: Mapping[str, tuple[Rule, ...]] = {
    "ledger": (
        _one_of("kind", (kind.value for kind in Kind)),
        Rule(
            name="write_off_of_money",
            column="amount",
            broken="kind = 'stock_write_off' AND amount <> 0",
            reason="is money, but a stock_write_off moves none",
        ),
        Rule(name="rate_not_positive", column="fx_to_shop", broken="fx_to_shop <= 0", reason="is not above 0"),
        Rule(
            name="rate_of_own_currency",
            column="fx_to_shop",
            broken="fx_to_shop <> 1 AND currency = (SELECT currency FROM shop)",
            reason="is not 1, but the currency is the shop's own",
        ),
    ),
    "sessions": (
        _step_after("viewed_at", "started_at"),
        _step_after("added_at", "viewed_at"),
        _step_after("checkout_at", "added_at"),
        _step_after("completed_at", "checkout_at"),
        Rule(
            name="ended_at_too_early",
            column="ended_at",
            broken="ended_at < coalesce(completed_at, checkout_at, added_at, viewed_at, started_at)",
            reason="is before the last step",
        ),
    ),
    "payments": (_one_of("kind", ("capture", "refund", "chargeback")),),
    "inventory_daily": _not_negative("committed", "incoming", "unit_cost"),
    "purchase_orders": (
        *_not_negative("ordered_qty", "received_qty", "unit_cost"),
        _not_before("received_on", "ordered_on"),
        Rule(
            name="ordered_on_too_late",
            column="ordered_on",
            broken="ordered_on > (SELECT min(r.received_on) FROM receipts AS r "
            "WHERE r.po_id = delivered.po_id AND r.sku = delivered.sku)",
            reason="is after the first receipt",
        ),
    ),
    "receipts": (
        *_not_negative("qty"),
        Rule(
            name="received_on_too_early",
            column="received_on",
            broken="received_on < (SELECT o.ordered_on FROM purchase_orders AS o "
            "WHERE o.po_id = delivered.po_id AND o.sku = delivered.sku)",
            reason="is before its purchase order was sent",
        ),
    ),
    "shipments": (
        *_not_negative("ordered_qty", "shipped_qty", "cost_amount"),
        _not_before("delivered_at", "shipped_at"),
    ),
    "shipment_lines": _not_negative("qty"),
    "promises": (_not_before("promised_on", "made_on"),),
    "ad_spend": _not_negative("spend_amount", "impressions", "clicks"),
    "reviews": (
        Rule(name="score_out_of_range", column="score", broken="score NOT BETWEEN 1 AND 5", reason="is not 1 to 5"),
    ),
}
"""Table -> its rules, beside the one that a required column must not be empty."""
