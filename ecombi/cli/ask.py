"""`ecombi query`, `why`, `ledger`, `metrics` and `explain`: figures, their causes and their definitions."""

from __future__ import annotations

from typing import Annotated

import typer

from ecombi.cli.options import Format, FormatOption, WorkspaceOption
from ecombi.cli.output import frame_records, write
from ecombi.errors import ConfigurationError


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip()) if text else ()


def _filters(given: list[str] | None, option: str = "--where") -> dict[str, list[str | None]]:
    """Read `--where country=France`; several values of one dimension add up, `country=` is the unknown one."""
    filters: dict[str, list[str | None]] = {}
    for text in given or []:
        dimension, equals, value = text.partition("=")
        if not equals:
            raise ConfigurationError(
                f"{option} {text!r} is not a filter. Write it as dimension=value, for example country=France."
            )
        filters.setdefault(dimension.strip(), []).append(value or None)
    return filters


def _compared(text: str | None) -> str | tuple[str, str] | None:
    """Read `previous`, or a range as `2025-01-01:2025-02-01`."""
    first, colon, end = (text or "").partition(":")
    return (first, end) if colon else text


CompareOption = Annotated[
    str | None,
    typer.Option(help="previous, year_ago, same_weekdays, or a range as 2025-01-01:2025-02-01, its end not included."),
]
WhereOption = Annotated[list[str] | None, typer.Option(metavar="DIMENSION=VALUE", help="Filter; may be repeated.")]


def query(
    metrics: Annotated[str, typer.Argument(help="One metric or more, with commas: net_sales,orders")],
    by: Annotated[
        str | None, typer.Option(help="Dimensions, with commas: country, channel, category, product, customer_type...")
    ] = None,
    grain: Annotated[str | None, typer.Option(help="hour, day, week, month, quarter or year.")] = None,
    start: Annotated[str | None, typer.Option("--from", metavar="DAY", help="First day, YYYY-MM-DD.")] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="The day after the last one, YYYY-MM-DD.")
    ] = None,
    basis: Annotated[
        str, typer.Option(help="booked: by the date of each event. ordered: by the date of its order.")
    ] = "booked",
    compare: CompareOption = None,
    elapsed: Annotated[
        bool, typer.Option("--elapsed", help="Only the days that are final, and the same part of the other range.")
    ] = False,
    where: WhereOption = None,
    without: Annotated[
        list[str] | None, typer.Option(metavar="DIMENSION=VALUE", help="All but this value; may be repeated.")
    ] = None,
    fill: Annotated[bool, typer.Option("--fill", help="Add the time buckets in which nothing happened.")] = False,
    as_of: Annotated[
        str | None, typer.Option(metavar="DAY", help="With what had been loaded by the end of that day.")
    ] = None,
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
            compare=_compared(compare),
            elapsed=elapsed,
            where=_filters(where),
            without=_filters(without, "--without"),
            fill=fill,
            as_of=as_of,
        )
        write(frame_records(result), form)
        for note in result.passport.notes:
            typer.echo(f"note: {note}", err=True)


def why(
    start: Annotated[str, typer.Option("--from", metavar="DAY", help="First day, YYYY-MM-DD.")],
    end: Annotated[str, typer.Option("--to", metavar="DAY", help="The day after the last one, YYYY-MM-DD.")],
    by: Annotated[str | None, typer.Option(help="Dimensions whose parts are listed, with commas.")] = None,
    compare: CompareOption = "previous",
    basis: Annotated[str, typer.Option(help="booked or ordered.")] = "booked",
    where: WhereOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Say why net sales moved: volume, price, mix, discounts and returns, to the cent.

    Example: ecombi why --from 2011-11-01 --to 2011-12-01 --by country
    """
    from ecombi.workspace import open_workspace

    with open_workspace(workspace) as ws:
        moved = ws.why(
            start=start,
            end=end,
            by=_names(by),
            compare=_compared(compare) or "previous",
            basis=basis,
            where=_filters(where),
        )
        for sentence in moved.sentences():
            typer.echo(sentence)


def explain(
    name: Annotated[str, typer.Argument(help="A metric or an analysis.")],
    workspace: WorkspaceOption = None,
) -> None:
    """Say what a metric or an analysis means: formula, unit, what it leaves out, version, owner, source."""
    from ecombi.workspace import open_workspace

    with open_workspace(workspace) as ws:
        typer.echo(ws.explain(name).describe())


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
    search: Annotated[str | None, typer.Option(metavar="WORDS", help="Only those that speak of these words.")] = None,
    form: FormatOption = Format.TABLE,
    workspace: WorkspaceOption = None,
) -> None:
    """List the metrics, or say all about one of them."""
    from ecombi.workspace import open_workspace

    with open_workspace(workspace) as ws:
        if name is not None and form is Format.TABLE:
            typer.echo(ws.metrics[name].describe())
            return
        listed = ws.metrics.search(search) if search is not None else list(ws.metrics.values())
        chosen = {metric.name for metric in listed} if name is None else {ws.metrics[name].name}
        found = [record for record in ws.metrics.records() if record["name"] in chosen]
    # A terminal has no room for the long columns; one metric by name shows them all.
    short = ("name", "label", "unit", "formula")
    write([{key: row[key] for key in short} for row in found] if form is Format.TABLE else found, form)
