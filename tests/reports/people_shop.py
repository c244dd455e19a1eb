"""Five customers and their orders, for reports about customers: cohorts, repeat rates, segments, all by hand.

Records run to 10 April 2012, so April is not over. Customer, days of the orders, amount of each:
    ann 10 Jan, 5 Feb, 10 Apr 20.00   ben 20 Jan, 25 Mar 20.00   cleo 31 Jan 10.00
    dan 5 Feb, 1 Mar 15.00   eve 20 Mar 50.00
"""

from __future__ import annotations

from tests.metrics.small_shops import sale

ORDERS = (
    ("ann", "2012-01-10", "20.00"),
    ("ben", "2012-01-20", "20.00"),
    ("cleo", "2012-01-31", "10.00"),
    ("ann", "2012-02-05", "20.00"),
    ("dan", "2012-02-05", "15.00"),
    ("dan", "2012-03-01", "15.00"),
    ("eve", "2012-03-20", "50.00"),
    ("ben", "2012-03-25", "20.00"),
    ("ann", "2012-04-10", "20.00"),
)
LEDGER = [
    sale(f"o{number}", day, amount, customer_id=customer) for number, (customer, day, amount) in enumerate(ORDERS, 1)
]
