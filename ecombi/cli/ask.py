"""`ecombi query`, `ledger` and `metrics`: figures and their definitions."""

from __future__ import annotations

from typing import Annotated

import typer

from ecombi.cli.options import Format, FormatOption, WorkspaceOption
from ecombi.cli.output import frame_records, write
from ecombi.errors import ConfigurationError


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip()) if text else ()


def _filters(given: list[str] | None) -> dict[str, list[str | None]]:
    """Read `--where country=France`; several values of one dimension add up, `country=` is the unknown one."""
    filters: dict[str, list[str | None]] = {}
    for text in given or []:
        dimension, equals, value = text.partition("=")
        if not equals:
            raise ConfigurationError(
                f"--where {text!r} is not a filter. Write it as dimension=value, for example country=France."
            )
        filters.setdefault(dimension.strip(), []).append(value or None)
    return filters


def query(
    metrics: Annotated[str, typer.Argument(help="One metric or more, with commas: net_sales,orders")],
    by: Annotated[
        str | None,
        typer.Option(
            help="With commas: country, channel, category, product, product_name, customer_type, weekday, hour_of_day."
        ),
    ] = None,
    grain: Annotated[str | None, typer.Option(help="hour, day, week, month, quarter or year.")] = None,
    start: Annotated[str | None, typer.Option("--from", metavar="DAY", help="First day, YYYY-MM-DD.")] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="The day after the last one, YYYY-MM-DD.")
    ] = None,
    basis: Annotated[
        str, typer.Option(help="booked: by the date of each event. ordered: by the date of its order.")
    ] = "booked",
    compare: Annotated[str | None, typer.Option(help="previous or year_ago.")] = None,
    where: Annotated[list[str] | None, typer.Option(metavar="DIMENSION=VALUE", help="Filter; may be repeated.")] = None,
    form: FormatOption = Format.TABLE,
    workspace: WorkspaceOption = None,
) -> None:
    """Ask for metrics, cut by dimensions and time.

    Example: ecombi query net_sales,orders --by country --grain month --from 2011-01-01 --to 2011-12-01
    """
    from ecombi.workspace import open_workspace

    with open_workspace(workspace) as ws:
        result = ws.query(
            _names(metrics),
            by=_names(by),
            grain=grain,
            start=start,
            end=end,
            basis=basis,
            compare=compare,
            where=_filters(where),
        )
        write(frame_records(result), form)
        for note in result.passport.notes:
            typer.echo(f"note: {note}", err=True)


def ledger(
    by: Annotated[
        str, typer.Option(help="Ledger columns, with commas: kind, country, channel, order_id, sku, month...")
    ] = "kind",
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar="CONDITION",
            help="Keep rows: 'qty>0', 'customer_id known', 'order_id not-starts C'. May be repeated.",
        ),
    ] = None,
    form: FormatOption = Format.TABLE,
    workspace: WorkspaceOption = None,
) -> None:
    """Tie the ledger out: rows, quantity, exact amount, customers and orders.

    Example: ecombi ledger --by kind --format json
    """
    from ecombi.workspace import open_workspace

    with open_workspace(workspace) as ws:
        write(ws.ledger(by=_names(by), where=where or ()), form)


def metrics(
    name: Annotated[str | None, typer.Argument(help="One metric; without it, all are listed.")] = None,
    form: FormatOption = Format.TABLE,
    workspace: WorkspaceOption = None,
) -> None:
    """List the metrics, or say all about one of them."""
    from ecombi.workspace import open_workspace

    with open_workspace(workspace) as ws:
        if name is not None and form is Format.TABLE:
            typer.echo(ws.metrics[name].describe())
            return
        chosen = set(ws.metrics) if name is None else {ws.metrics[name].name}
        found = [record for record in ws.metrics.records() if record["name"] in chosen]
    # A terminal has no room for the long columns; one metric by name shows them all.
    short = ("name", "label", "unit", "formula")
    write([{key: row[key] for key in short} for row in found] if form is Format.TABLE else found, form)
