"""A warehouse in a temporary folder, and a short way to load texts into it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from ecombi.backends.warehouse import Warehouse, open_warehouse
from ecombi.etl import LoadReport, build_marts, load, replay
from ecombi.metrics.rollups import TABLES
from ecombi.settings import load_settings
from ecombi.sources import Source
from ecombi.sources.files import FileSource, Mapping, find_mapping, parse_mapping

PROJECT_MAPPINGS = Path(__file__).parents[2] / "parameters" / "sources"
AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

SHOP = """
name: shop
shop: {name: Shop, currency: EUR, time_zone: Europe/Berlin}
"""

SALES = (
    SHOP
    + """
files:
  - name: sales
    columns:
      order: {from: order, required: true}
      at: {from: at, type: datetime, required: true}
      customer: customer
      sku: sku
      qty: {from: qty, type: integer, required: true}
      price: {from: price, type: decimal, required: true}
    rows:
      - table: ledger
        kind: sale
        set: {event_at: at, order_id: order, customer_id: customer, sku: sku, qty: qty, amount: qty * price}
"""
)
"""A mapping of files with the columns order, at, customer, sku, qty, price."""

HEADER = "order,at,customer,sku,qty,price\n"


class Workbench:
    """Loads sources into one warehouse, builds, publishes, and reads what was published."""

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        self.folder = folder
        settings = load_settings(workspace=folder / "workspace", database_url=database_url)
        self.warehouse: Warehouse = open_warehouse(settings, TABLES)

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def load(self, source: Source, *, run_id: str = "run", at: datetime = AT) -> list[LoadReport]:
        with self.warehouse.build() as build:
            reports = load(build, source, run_id=run_id, at=at)
            build_marts(build)
            build.publish(at=at)
        return reports

    def load_texts(self, mapping: str | Mapping, *contents: str | bytes, name: str = "export") -> list[LoadReport]:
        """Load files of these contents by a mapping given as its text."""
        parsed = parse_mapping(mapping, "shop.yml") if isinstance(mapping, str) else mapping
        paths = [self.file(f"{name}-{number}.csv", content) for number, content in enumerate(contents)]
        return self.load(FileSource(parsed, paths))

    def load_named(self, mapping: str, *paths: Path) -> list[LoadReport]:
        """Load files by a mapping of the project."""
        return self.load(FileSource(find_mapping(mapping, PROJECT_MAPPINGS), paths))

    def replay(self, source: Source, *, at: datetime = AT) -> list[LoadReport]:
        with self.warehouse.build() as build:
            reports = replay(build, lambda _: source, run_id="replay", at=at)
            build_marts(build)
            build.publish(at=at)
        return reports

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        return [tuple(row.values()) for row in self.warehouse.arrow(sql).to_pylist()]

    def value(self, sql: str) -> object:
        ((value,),) = self.rows(sql)
        return value


def counts(reports: Sequence[LoadReport]) -> list[tuple[int, int, int, int]]:
    """Return rows in, new, known and quarantined of each report."""
    return [(one.rows_in, one.rows_new, one.rows_known, one.rows_quarantined) for one in reports]
