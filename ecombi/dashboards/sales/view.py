"""How the sales dashboard looks: tiles on a grid."""

from __future__ import annotations

from functools import partial

import ipywidgets
from markupsafe import Markup

from ecombi.dashboards.controller import Part
from ecombi.dashboards.desk import Desk
from ecombi.dashboards.question import Question
from ecombi.dashboards.sales import data, filters, tables, trends
from ecombi.dashboards.sales.state import SalesState
from ecombi.dashboards.words import fresh_words
from ecombi.metrics import format as fmt
from ecombi.metrics.catalogue import CATALOGUE
from ecombi.metrics.result import Result
from ecombi.widgets.markup import el, join
from ecombi.widgets.panel import Panel
from ecombi.widgets.tile import Tile
from ecombi.widgets.trend import Trend


class SalesView:
    """The page. It takes figures and says what was pressed; it decides nothing."""

    def __init__(self) -> None:
        self.bar, self.foot = Panel(), Panel()
        over_time, detail = Trend(), Trend(height=220)
        kpis = [self._kpi(name) for name in data.KPIS]
        trend = Tile(
            name="net-sales", title="Net sales over time", span="c8", chart=over_time.figure, picture=over_time.picture
        )
        channels = Tile(name="channels", title="Net sales by channel", span="c4")
        products = Tile(name="products", title="Products by net sales", span="c8", lines=(100,) * 9)
        product = Tile(
            name="product", title="Product in detail", span="c12", chart=detail.figure, picture=detail.picture
        )
        countries = Tile(name="countries", title="Net sales by country", span="c4")
        categories = Tile(name="categories", title="Net sales by category", span="c4")
        rhythm = Tile(name="rhythm", title="Orders by weekday and hour", span="c8 wide", lines=(100,) * 7)
        by_country = partial(data.breakdown, dimension="country", top=7)
        by_category = partial(data.breakdown, dimension="category", top=7)
        self.parts = (
            *kpis,
            Part(tile=trend, load=data.trend, show=partial(trends.net_sales, over_time), results=course),
            Part(tile=channels, load=data.channels, show=tables.channels, results=lambda figures: whole(figures.whole)),
            Part(tile=products, load=data.products, show=tables.products, results=whole),
            Part(
                tile=countries,
                load=by_country,
                show=partial(tables.breakdown, "country", "countries", "Country"),
                results=whole,
            ),
            Part(
                tile=product,
                load=data.product,
                show=partial(trends.product, detail),
                results=lambda figures: course(figures.series),
            ),
            Part(
                tile=categories,
                load=by_category,
                show=partial(tables.breakdown, "category", "categories", "Category"),
                results=whole,
            ),
            Part(tile=rhythm, load=data.rhythm, show=tables.rhythm, results=lambda figures: [figures.result]),
        )
        row = ipywidgets.Box([part.tile.root for part in kpis])
        row.add_class("kpis")
        self._grid = ipywidgets.Box([row, *(part.tile.root for part in self.parts[len(kpis) :])])
        self._grid.add_class("main")
        self.root = ipywidgets.VBox([self.bar, self._grid, self.foot])
        self._kpis = kpis

    def frame(self, desk: Desk, state: SalesState, question: Question) -> None:
        """Show the filters, and what the figures rest on."""
        self.bar.show(filters.bar(desk, state, question))
        shop = desk.shop
        said = (
            f"{shop.name}. Figures from ledger snapshot {desk.snapshot.number}, in {shop.currency}. "
            f"The ledger covers {fmt.days(desk.coverage)}; days are those of {shop.time_zone}."
        )
        self.foot.show(el("footer", said, class_="foot"))

    def fresh(self, desk: Desk) -> tuple[str, str]:
        """Return how fresh the figures are, in short and in full."""
        at, number = fresh_words(desk.snapshot.published_at, desk.shop.time_zone), desk.snapshot.number
        return f"As of {at}, snapshot {number}", f"Ledger snapshot {number}, published {at}, {desk.shop.time_zone}."

    def html(self) -> Markup:
        """Return the page as it is now, without its widgets."""
        tiles = [part.tile.html() for part in self.parts[len(self._kpis) :]]
        row = el("div", [part.tile.html() for part in self._kpis], class_="kpis")
        return join([self.bar.markup, el("div", row, tiles, class_="main"), self.foot.markup])

    @property
    def panels(self) -> int:
        """How many panels the page has."""
        return 2 + sum(part.tile.panels for part in self.parts)

    @staticmethod
    def _kpi(name: str) -> Part:
        tile = Tile(name=name, title=CATALOGUE[name].label, span="kpi", lines=(48, 72, 84))
        load = partial(data.kpi, metric=name)
        return Part(tile=tile, load=load, show=partial(tables.kpi, name), results=course)


def course(figures: data.Series) -> list[Result]:
    """Return the answers behind a line."""
    return [figures.steps, figures.total]


def whole(figures: data.Breakdown) -> list[Result]:
    """Return the answers behind a breakdown."""
    return figures.results
