"""`ecombi load`: a merchant's files, or the simulated shop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ecombi.cli.options import Format, FormatOption, QuietOption, WorkspaceOption
from ecombi.cli.output import write
from ecombi.errors import ConfigurationError


def load(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE [FILE]...", help="simulated, or a mapping (online-retail, cdnow, olist...) and its files."
        ),
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A mapping file of your own; then only files are named.")
    ] = None,
    orders: Annotated[int, typer.Option(min=1, help="simulated: orders over all years.")] = 20_000,
    years: Annotated[float, typer.Option(help="simulated: length of the history.")] = 2.0,
    seed: Annotated[int, typer.Option(min=0, help="simulated: the same seed gives the same shop.")] = 7,
    scale: Annotated[float, typer.Option(help="simulated: multiplies the orders.")] = 1.0,
    end: Annotated[
        str | None, typer.Option(metavar="DAY", help="simulated: the day after the shop's last one.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DAY", help="simulated: leave this day and later ones for a later load.")
    ] = None,
    form: FormatOption = Format.TABLE,
    quiet: QuietOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Load a source, check everything, publish. Loading the same rows again changes nothing.

    Examples: ecombi load simulated --orders 20000 --years 2 --seed 7

    ecombi load online-retail online_retail.csv.gz

    ecombi load --mapping my-shop.yml orders-2026.csv
    """
    from ecombi.cli.clock import now
    from ecombi.cli.progress import progress_bars
    from ecombi.schema.periods import parse_day
    from ecombi.workspace import open_workspace

    given = list(names or ())
    if mapping is None and not given:
        raise ConfigurationError("Nothing was named. Try: ecombi load simulated, or: ecombi load online-retail FILE")
    with open_workspace(workspace) as ws, progress_bars() as progress:
        if mapping is not None:
            done = ws.loading.files(mapping, [Path(name) for name in given], at=now(), progress=progress)
        elif given[0] == "simulated":
            if len(given) > 1:
                raise ConfigurationError(f"The simulated shop reads no file, but {given[1]!r} was named. Leave it out.")
            from ecombi.sources.simulated import ShopConfig

            config = ShopConfig(orders=orders, years=years, seed=seed, scale=scale)
            if end is not None:
                config = replace(config, end=parse_day(end))
            before = None if until is None else parse_day(until)
            done = ws.loading.simulated(config, until=before, at=now(), progress=progress)
        else:
            done = ws.loading.files(given[0], [Path(name) for name in given[1:]], at=now(), progress=progress)
    if not quiet:
        write([report.record() for report in done], form)
