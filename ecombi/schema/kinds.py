"""The kinds of ledger events."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What one ledger row is. Amounts are signed from the shop's side, so a sum over kinds is a sum of money.

    The comment beside each kind says the usual sign of its amount.
    """

    SALE = "sale"  # + quantity times unit price, before discount and tax
    DISCOUNT = "discount"  # −
    RETURN = "return"  # − refunded goods, at what was paid for them
    TAX = "tax"  # +
    TAX_REFUND = "tax_refund"  # −
    SHIPPING = "shipping"  # + charged to the customer
    SHIPPING_DISCOUNT = "shipping_discount"  # −
    SHIPPING_REFUND = "shipping_refund"  # −
    DUTY = "duty"  # +
    TIP = "tip"  # + given on top, no part of any sale
    GIFT_CARD_ISSUE = "gift_card_issue"  # + money taken for a gift card: a liability, not a sale
    GIFT_CARD_REDEEM = "gift_card_redeem"  # − gift card used to pay
    ADJUSTMENT = "adjustment"  # ± corrections that belong to no order
    FEE = "fee"  # − payment and marketplace fees
    CHARGEBACK = "chargeback"  # −
    STOCK_WRITE_OFF = "stock_write_off"  # quantity only, no money
