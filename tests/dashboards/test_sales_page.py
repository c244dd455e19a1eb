"""The sales page without a browser: what it says, what pressing does, and what it says when something fails."""

from __future__ import annotations

import re

import pytest

from ecombi.dashboards.controller import Controller, csv_text
from ecombi.dashboards.showing import Page, build
from ecombi.errors import BackendUnavailable, ConfigurationError, MetricError
from ecombi.widgets.panel import Action, Panel, read_action
from ecombi.workspace import Workspace, open_workspace
from tests.reports.hand_shop import HOSTILE


@pytest.fixture
def opened(workspace) -> tuple[Page, Controller]:
    return build("sales", workspace, "period=7d")


def tile(controller: Controller, name: str):
    return next(part.tile for part in controller._view.parts if part.tile.name == name)


def text(controller: Controller, name: str) -> str:
    words = re.sub(r"<[^>]+>", " ", str(tile(controller, name).html()))
    return " ".join(words.replace("\N{NO-BREAK SPACE}", " ").replace("\N{WORD JOINER}", "").split())


def test_the_tiles_say_the_figures_in_our_formats(opened):
    _, page = opened
    assert "£86.00" in text(page, "net_sales")
    assert "72.0% more than 18–24 Oct" in text(page, "net_sales")
    assert "47.7%" in text(page, "gross_margin_rate")
    assert "14.3%" in text(page, "return_rate")


def test_what_is_good_follows_the_metric_and_not_the_arrow(opened):
    _, page = opened
    # Returns rose from 0 to 14.3%: an arrow up, and bad.
    assert '<b class="bad"><svg class="dir" viewBox="0 0 8 8"' in str(tile(page, "return_rate").html())
    assert "14.3 pp higher" in text(page, "return_rate")


def test_shares_sum_to_a_hundred(opened):
    _, page = opened
    shares = re.findall(r"(\d+\.\d)%", text(page, "countries").split("Change")[1])
    assert {"58.1", "41.9", "100.0"} <= set(shares)


def test_a_name_from_the_data_is_only_text(workspace):
    page, controller = build("sales", workspace, "period=all")
    assert HOSTILE not in page.picture
    assert "&lt;script&gt;" in str(tile(controller, "products").html())


def test_pressing_a_bar_narrows_the_page_and_changes_the_address(opened):
    _, page = opened
    page.act(Action("drill", "countries", ("FR",)))
    assert "£36.00" in text(page, "net_sales")
    assert page._address.query == "country=FR&period=7d"
    page.act(Action("drill", "countries", ("FR",)))
    assert "£86.00" in text(page, "net_sales")


def test_pressing_a_product_opens_its_detail(opened):
    _, page = opened
    assert tile(page, "product").html() == ""
    page.act(Action("drill", "product", ("lamp",)))
    assert "Lamp" in text(page, "product")
    assert "£36.00" in text(page, "product")
    page.act(Action("drill", "product", ("lamp",)))
    assert tile(page, "product").html() == ""


def test_a_new_address_is_a_new_state(opened):
    _, page = opened
    page._address.query = "period=7d&channel=web&basis=ordered"
    assert "£60.00" in text(page, "net_sales")


def test_reset_goes_back_to_the_usual(opened):
    _, page = opened
    page.act(Action("choose", "countries", ("FR", "GB")))
    page.act(Action("reset", "", ()))
    assert page._address.query == ""


def test_charts_are_built_once_and_updated_in_place(opened):
    _, page = opened
    trend = tile(page, "net-sales")
    before = [mark.model_id for mark in trend.chart.marks]
    page.act(Action("set", "preset", ("28d",)))
    assert [mark.model_id for mark in trend.chart.marks] == before
    assert len(trend.chart.marks[-1].x) == 28


def test_every_chart_has_its_table_behind_it(opened):
    _, page = opened
    for name in ("net-sales", "rhythm"):
        part = next(part for part in page._view.parts if part.tile.name == name)
        page.act(Action("table", "", ()), part)
        assert "<table" in str(part.tile.html())
        page.act(Action("table", "", ()), part)
        assert "<table" not in str(part.tile.html())


def test_the_table_to_download_is_exact(opened):
    _, page = opened
    part = next(part for part in page._view.parts if part.tile.name == "countries")
    question, figures = page._shown["countries"]
    assert csv_text(part.results(figures)[0]).splitlines()[1] == "FR,36.0000,0.0000,"
    assert question.period.days == 7


def test_a_text_that_a_spreadsheet_would_run_stays_a_text(opened):
    _, page = opened
    _, figures = page._shown["countries"]
    rows = figures.result.assign(country=["=1+1", "@x"])
    assert [line.split(",")[0] for line in csv_text(rows).splitlines()[1:]] == ["'=1+1", "'@x"]


def test_nothing_found_says_what_would_help(workspace):
    _, page = build("sales", workspace, "country=Atlantis")
    assert "Nothing was sold" in text(page, "countries")
    assert "Remove all filters" in text(page, "countries")
    page.act(Action("reset", "", ()))
    page.act(Action("dates", "", ("2020-01-01", "2020-01-31")))
    assert "Show every day there is" in text(page, "countries")


class OneTileFails(Workspace):
    """A real workspace in which one question fails."""

    def query(self, metrics, **options):
        if options.get("by") == ("country",):
            raise self.failure
        return super().query(metrics, **options)


@pytest.fixture
def failing(shop_folder):
    with open_workspace(shop_folder) as real:
        made = OneTileFails(real.settings)
        made.failure = BackendUnavailable("The warehouse did not answer within 5 seconds. Try again.")
        with made:
            yield made


def test_one_failing_tile_leaves_the_others_alone(failing):
    _, page = build("sales", failing, "period=7d")
    assert "Net sales by country can’t be shown The warehouse did not answer within 5 seconds." in text(
        page, "countries"
    )
    assert "£86.00" in text(page, "net_sales")
    assert "Mug &amp; saucer" in str(tile(page, "products").html())


def test_an_unforeseen_failure_is_said_in_words_and_never_as_a_trace(failing, caplog):
    failing.failure = ZeroDivisionError("secret detail")
    _, page = build("sales", failing, "period=7d")
    assert "secret detail" not in text(page, "countries")
    assert "Something went wrong that was not foreseen" in text(page, "countries")
    assert "secret detail" in caplog.text


def test_figures_that_cannot_be_renewed_stay_and_say_so(failing):
    failing.failure = None
    failing.__class__ = Workspace
    _, page = build("sales", failing, "period=7d")
    failing.__class__ = OneTileFails
    failing.failure = BackendUnavailable("The warehouse did not answer.")
    page._desk._answers.clear()
    page.act(Action("refresh", "", ()))
    shown = str(tile(page, "countries").html())
    assert "is-stale" in shown
    assert "£50.00" in shown
    assert "These are the last figures that could be read. The warehouse did not answer." in shown


def test_a_metric_that_cannot_be_asked_together_takes_only_its_tile_down(shop_folder):
    class WithoutMargin(Workspace):
        def query(self, metrics, **options):
            if "gross_margin_rate" in metrics:
                raise MetricError("No cost is known.")
            return super().query(metrics, **options)

    with open_workspace(shop_folder) as real, WithoutMargin(real.settings) as made:
        _, page = build("sales", made, "period=7d")
    assert "No cost is known." in text(page, "gross_margin_rate")
    assert "£86.00" in text(page, "net_sales")


def test_the_loading_look_is_grey_lines(opened):
    _, page = opened
    countries = tile(page, "countries")
    countries.wait()
    assert 'class="skel" aria-busy="true"' in str(countries.html())


@pytest.mark.parametrize(
    "message",
    [
        None,
        [],
        "set",
        {},
        {"do": 1},
        {"do": "set", "name": ["x"]},
        {"do": "set", "value": {"a": 1}},
        {"do": "set", "value": [1, 2]},
    ],
)
def test_a_message_that_is_no_action_is_ignored(message):
    assert read_action(message) is None


@pytest.mark.parametrize(
    "action",
    [
        Action("set", "root", ("x",)),
        Action("drill", "observe", ("x",)),
        Action("drill", "__class__", ("x",)),
        Action("dates", "", ("x", "y", "z")),
        Action("dates", "", ("2026-99-01", "y")),
        Action("csv", "", ()),
        Action("eval", "", ("1",)),
    ],
)
def test_whatever_a_browser_sends_the_figures_stay_right(opened, action):
    _, page = opened
    page.act(action)
    assert page._address.query == "period=7d"
    assert "£86.00" in text(page, "net_sales")


def test_the_passport_names_all_that_is_needed_to_compute_a_figure_again(opened):
    _, page = opened
    card = text(page, "net_sales")
    for said in (
        "Gross sales − discounts − returns.",
        "25–31 Oct 2026; against 18–24 Oct 2026",
        "GBP; booked",
        "net_sales version 1",
        "Snapshot 1",
    ):
        assert said in card


def test_the_picture_and_the_widgets_say_the_same(opened):
    page, controller = opened
    bundle = page._repr_mimebundle_()
    assert bundle["text/html"] == page.picture
    for part in controller._view.parts:
        assert str(part.tile.html()) in page.picture
    assert f'data-panels="{controller._view.panels}"' in page.picture


def test_an_unknown_dashboard_is_named_with_the_nearest(workspace):
    with pytest.raises(ConfigurationError, match="Did you mean 'sales'"):
        build("sale", workspace)


def test_panels_are_counted_rightly(opened):
    def count(widget) -> int:
        return isinstance(widget, Panel) + sum(count(child) for child in getattr(widget, "children", ()))

    _, controller = opened
    assert count(controller._view.root) == controller._view.panels
