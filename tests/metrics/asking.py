"""One question, asked once."""

from __future__ import annotations

from ecombi.backends.warehouse import Warehouse
from ecombi.metrics.answers import Answers
from ecombi.metrics.catalogue import CATALOGUE, Catalogue
from ecombi.metrics.query import MetricQuery
from ecombi.metrics.result import Result
from ecombi.schema.shop import Shop


def run(query: MetricQuery, warehouse: Warehouse, shop: Shop, *, catalogue: Catalogue = CATALOGUE) -> Result:
    return Answers(warehouse, shop, catalogue=catalogue).run(query)
