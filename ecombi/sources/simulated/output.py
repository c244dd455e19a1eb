"""Parquet files whose bytes depend on their rows alone, and the totals of what was written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from ecombi.errors import SourceError
from ecombi.sources.simulated.config import ShopConfig
from ecombi.sources.simulated.lock import LOCK
from ecombi.sources.simulated.manifest import DRAFT, FILE, Manifest, Total, write_manifest

TABLES: Final = (
    "products", "suppliers", "ledger", "sessions", "payments", "shipments", "shipment_lines", "promises",
    "inventory_daily", "ad_spend", "purchase_orders", "receipts",
)  # fmt: skip
TRUTH: Final = "truth"
SHOP: Final = "shop.json"
ROW_GROUP: Final = 500_000


class Output:
    """A folder that is being filled: emptied at first, complete with `finish`."""

    def __init__(self, folder: Path) -> None:
        """Empty the folder of an earlier simulation.

        Raises:
            SourceError: It holds something that is not a simulation's, or cannot be emptied.
        """
        self._folder = folder
        self._files: dict[str, list[str]] = {table: [] for table in TABLES}
        self._rows = dict.fromkeys(TABLES, 0)
        self._kinds: dict[str, dict[str, Total]] = {"ledger": {}, "payments": {}}
        ours = {*TABLES, TRUTH, SHOP, FILE, DRAFT, LOCK}
        try:
            strange = sorted(path.name for path in folder.iterdir() if path.name not in ours)
            if strange:
                raise SourceError(
                    f"{folder} holds {strange[0]!r}, which is no part of a simulated shop. Name an empty folder."
                )
            for name in (FILE, DRAFT, SHOP):
                (folder / name).unlink(missing_ok=True)
            for name in (*TABLES, TRUTH):
                if (folder / name).exists():
                    shutil.rmtree(folder / name)
        except OSError as error:
            raise SourceError(f"{folder} cannot be emptied: {error.strerror}. Name another folder.") from error

    def write(self, table: str, part: str, rows: pa.Table) -> None:
        """Write one file of a table; none where there are no rows."""
        if not rows.num_rows:
            return
        self._files[table].append(f"{table}/{part}.parquet")
        self._rows[table] += rows.num_rows
        if table in self._kinds:
            self._count(self._kinds[table], rows)
        self._parquet(f"{table}/{part}", rows)

    def write_truth(self, name: str, rows: pa.Table) -> None:
        """Write a table of the truth."""
        self._parquet(f"{TRUTH}/{name}", rows)

    def write_json(self, name: str, content: object) -> None:
        """Write a JSON file."""
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=2, default=str, ensure_ascii=False) + "\n", encoding="utf-8")

    def totals(self) -> dict[str, object]:
        """Return what was written so far, for the truth: rows of each table, and the ledger by kind."""
        return {"rows": dict(self._rows), "kinds": {
            table: {kind: {"rows": t.rows, "qty": t.qty, "amount": t.amount} for kind, t in sorted(totals.items())}
            for table, totals in self._kinds.items()
        }}  # fmt: skip

    def finish(self, config: ShopConfig) -> Manifest:
        """Write the manifest: the folder is complete."""
        manifest = Manifest(
            config=config,
            files={table: tuple(files) for table, files in self._files.items()},
            rows=dict(self._rows),
            kinds={table: dict(sorted(totals.items())) for table, totals in self._kinds.items()},
        )
        write_manifest(self._folder, manifest)
        return manifest

    def _parquet(self, name: str, rows: pa.Table) -> None:
        path = self._folder / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        # Identities and instants hardly repeat: a dictionary of them would only cost time and space.
        unique = (pa.types.is_string, pa.types.is_timestamp)
        repeating = [field.name for field in rows.schema if not any(is_of(field.type) for is_of in unique)]
        pq.write_table(
            rows,
            path,
            compression="zstd",
            compression_level=1,
            use_dictionary=repeating,
            store_schema=False,
            row_group_size=ROW_GROUP,
        )

    @staticmethod
    def _count(totals: dict[str, Total], rows: pa.Table) -> None:
        sums = [(name, "sum") for name in ("qty", "amount") if name in rows.column_names]
        for found in rows.group_by("kind").aggregate([([], "count_all"), *sums]).to_pylist():
            before = totals.get(found["kind"], Total(0))
            qty, amount = found.get("qty_sum"), found.get("amount_sum")
            totals[found["kind"]] = Total(
                before.rows + found["count_all"],
                None if qty is None else (before.qty or 0) + qty,
                None if amount is None else (before.amount or 0) + amount,
            )
