"""Every analysis there is, and what it is asked with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from ecombi.workspace.questions import analyses

VALUES: Mapping[str, object] = {
    "start": date(2026, 2, 1),
    "end": date(2026, 10, 1),
    "as_of": date(2026, 8, 1),
    "until": date(2026, 10, 16),
    "min_support": 0.001,
    "min_customers": 1,
    "z": 1.645,
    "review_days": 7,
    "cover_days": 30,
    "a_up_to": 0.8,
    "b_up_to": 0.95,
    "x_up_to": 0.5,
    "y_up_to": 1.0,
    "country": "Germany",
    "channel": "App",
    "traffic_source": "email",
}
"""A value for every name that any analysis binds."""

OPTIONS: Mapping[str, list[dict[str, object]]] = {
    "stock_outs": [{"by": "category"}, {"by": "product"}],
    "rfm": [{"day": "given"}, {"day": "given", "bins": 3}, {"top": 20}],
    "customer_segments": [{"day": "given"}, {"day": "last"}],
    "cohorts": [
        {"clock": "rolling"},
        {"grain": "quarter"},
        {"country_is": "given", "channel_is": "given"},
        {"traffic_source_is": "given"},
    ],
    "basket_pairs": [{"by": "category"}],
    "order_intervals": [{"by_order": False}],
    "journeys": [{"of": "sessions", "by": "traffic_source"}],
    "transitions": [{"of": "sessions", "by": "traffic_source"}],
    "reorder": [{"kept": True}, {"window_days": 28, "receipts": 5}],
    "late_lines": [{"basis": "first_confirmed"}, {"basis": "last_confirmed", "window_days": 120}],
    "demand": [{"rollup": False}],
    "classes": [{"rollup": False}, {"by": "margin"}, {"weeks": 13}],
    "class_cells": [{"rollup": False}, {"by": "margin"}],
    "next_products": [{"by": "category"}],
    "product_days": [{"rollup": False}],
    "suppliers": [{"basis": "first_confirmed", "days": "working"}, {"basis": "last_confirmed"}],
}
"""Analysis -> options that are asked for besides its own."""

ASKED = [(name, {}) for name in analyses()] + [(name, o) for name, listed in OPTIONS.items() for o in listed]
"""Each analysis as it is, and with other options."""
