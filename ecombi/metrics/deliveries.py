"""What was delivered to the warehouse, and what of it was held back and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ecombi.metrics.analysis import Analysis, Field
from ecombi.metrics.definitions import Unit

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from ecombi.metrics.tables import Tables


def _deliveries(t: Tables) -> ir.Table:
    return t.loads.select(*DELIVERIES.fields)


def _held_back(t: Tables) -> ir.Table:
    rows = t.quarantine
    rows = rows.filter(rows["replayed_at"].isnull())
    return rows.aggregate(
        by=["source", "delivery", "rule", "column_name"],
        rows=rows.count().cast("int64"),
        example=rows["value"].min(),
        reason=rows["reason"].min(),
    ).select(*HELD_BACK.fields)


DELIVERIES: Final = Analysis(
    name="deliveries",
    label="Deliveries",
    question="What was delivered, and what became of its rows?",
    grain="One file or table of a source that was loaded.",
    fields={
        "load_id": Field(meaning="Counts up by one."),
        "source": Field(meaning="Name of the source or mapping."),
        "delivery": Field(meaning="File name or table of the source."),
        "loaded_at": Field(meaning="When it was loaded, UTC."),
        "rows_in": Field(meaning="Rows delivered.", unit=Unit.COUNT),
        "rows_new": Field(meaning="Loaded for the first time, or in a new version.", unit=Unit.COUNT),
        "rows_known": Field(meaning="In the warehouse already: not counted twice.", unit=Unit.COUNT),
        "rows_quarantined": Field(meaning="Held back.", unit=Unit.COUNT),
        "rows_duplicate": Field(
            meaning="Equal to an earlier row of the same delivery: kept, because two equal sales are two sales.",
            unit=Unit.COUNT,
        ),
    },
    keys=("load_id",),
    order=("-load_id",),
    build=_deliveries,
    formula="Rows in = rows new + rows known + rows held back, of each delivery.",
    example=("100 rows came, 90 of them new, 8 known and 2 held back: 90 + 8 + 2 = 100."),
    source="The book of loads.",
    owner="Data",
)

HELD_BACK: Final = Analysis(
    name="held_back",
    label="Rows held back",
    question="Which rows were delivered and not loaded, and why?",
    grain="One rule that rows of a delivery broke, with the column at fault.",
    fields={
        "source": Field(meaning="Name of the source or mapping."),
        "delivery": Field(meaning="File name or table of the source."),
        "rule": Field(meaning="The rule they broke."),
        "column_name": Field(meaning="The column at fault; none where it is the whole row."),
        "rows": Field(
            meaning="Rows held back now; those that were mended and passed later are left out.", unit=Unit.COUNT
        ),
        "example": Field(meaning="One of the values at fault."),
        "reason": Field(meaning="What is wrong with it."),
    },
    keys=("source", "delivery", "rule", "column_name"),
    order=("-rows",),
    build=_held_back,
    formula="A row that breaks a rule is held back; all others of its delivery are loaded.",
    source="The quarantine.",
    owner="Data",
)
