"""The one controller of every dashboard: an action sets a trait, a trait reloads, each tile loads and shows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import ipywidgets
from markupsafe import Markup

from ecombi.dashboards.desk import Desk
from ecombi.dashboards.question import Question
from ecombi.dashboards.state import PeriodState
from ecombi.dashboards.words import sql_of
from ecombi.errors import EcombiError
from ecombi.widgets.address import Address
from ecombi.widgets.panel import Action, Panel
from ecombi.widgets.tile import Content, Missing, Tile

if TYPE_CHECKING:
    import pandas as pd

    from ecombi.metrics.result import Result

logger = logging.getLogger(__name__)

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
UNEXPECTED = (
    "Something went wrong that was not foreseen; the log of the dashboards says what. The other tiles are not affected."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A tile and where its figures come from.

    Attributes:
        tile: Where they are shown.
        load: Asks for the figures, and only that.
        show: Turns figures into what the tile shows; True asks for the table in place of the chart.
        results: The answers the figures are from, the table to download first.
    """

    tile: Tile
    load: Callable[[Desk, Question], Any]
    show: Callable[[Any, Question, bool], Content | Missing | None]
    results: Callable[[Any], Sequence[Result]]


class View(Protocol):
    """What a dashboard looks like; it decides nothing."""

    bar: Panel
    foot: Panel
    parts: Sequence[Part]
    root: ipywidgets.DOMWidget

    def frame(self, desk: Desk, state: Any, question: Question) -> None:
        """Show what is around the tiles: filters, and how fresh the figures are."""

    def fresh(self, desk: Desk) -> tuple[str, str]:
        """Return how fresh the figures are, in short and in full."""

    def html(self) -> Markup:
        """Return the page as it is now, without its widgets."""


class Controller:
    """Brings state, figures and view together.

    Args:
        desk: Where figures are asked for.
        state: What the reader has chosen.
        view: What is shown.
        address: The address bar.
    """

    def __init__(self, desk: Desk, state: PeriodState, view: View, address: Address) -> None:
        self._desk, self._state, self._view, self._address = desk, state, view, address
        self._shown: dict[str, tuple[Question, Any]] = {}
        self._tables: set[str] = set()
        self._reloaded_for: str | None = None
        state.observe(lambda _change: self._changed(), names=list(state.traits(key=lambda key: key is not None)))
        address.observe(self._follow, names="query")
        for panel in (view.bar, view.foot, address):
            panel.on_action(self.act)
        for part in view.parts:
            part.tile.on_action(partial(self.act, part=part))

    def act(self, action: Action, part: Part | None = None) -> None:
        """Do what the reader asked for. No error leaves here: the browser would be sent its trace."""
        try:
            self._act(action, part)
        except Exception:
            logger.exception("an action failed do=%s", action.do)

    def reload(self) -> None:
        """Load and show everything again; a tile that fails says so and leaves the others alone."""
        self._address.busy = True
        try:
            self._reloaded_for = self._state.query
            self._desk.turn()
            question = self._state.ask(self._desk)
            self._view.frame(self._desk, self._state, question)
            for part in self._view.parts:
                self._load(part, question)
            self._address.fresh, self._address.fresh_title = self._view.fresh(self._desk)
        except EcombiError as error:
            for part in self._view.parts:
                self._fail(part, None, str(error))
        finally:
            self._address.query = self._state.query
            self._address.busy = False

    def _changed(self) -> None:
        # Several traits may change at once, and each says so: one reload is enough.
        if self._state.query != self._reloaded_for:
            self.reload()

    def _follow(self, _change: object) -> None:
        if self._address.query != self._state.query:
            self._state.query = self._address.query

    def _act(self, action: Action, part: Part | None) -> None:
        match action.do:
            case "set" | "choose":
                self._state.choose(action.name, action.values)
            case "clear":
                self._state.choose(action.name, ())
            case "drill":
                self._state.toggle(action.name, action.value)
            case "dates" if len(action.values) == 2:
                self._state.choose_days(*action.values)
            case "reset":
                self._state.reset()
            case "refresh":
                self.reload()
            case "look":
                if self._desk.workspace.snapshot != self._desk.snapshot:
                    self.reload()
            case "table" | "csv" | "sql" if part is not None and part.tile.name in self._shown:
                self._other_form(action.do, part)
            case _:
                logger.info("ignored an unknown action")

    def _other_form(self, form: str, part: Part) -> None:
        question, figures = self._shown[part.tile.name]
        if form == "sql":
            part.tile.tell("sql", sql_of(part.results(figures)))
        elif form == "csv":
            days = f"{question.period.start}-{question.period.last}"
            part.tile.download(f"{part.tile.name}-{days}.csv", csv_text(part.results(figures)[0]))
        else:
            self._tables ^= {part.tile.name}
            part.tile.show(part.show(figures, question, part.tile.name in self._tables))

    def _load(self, part: Part, question: Question) -> None:
        name = part.tile.name
        try:
            figures = part.load(self._desk, question)
            part.tile.show(part.show(figures, question, name in self._tables))
            self._shown[name] = (question, figures)
        except EcombiError as error:
            logger.warning("a tile could not be loaded tile=%s error=%s", name, error)
            self._fail(part, question, str(error))
        except Exception:
            # Whatever it is, it is this tile's alone, and no trace of it belongs on the page.
            logger.exception("a tile failed tile=%s", name)
            self._fail(part, question, UNEXPECTED)

    def _fail(self, part: Part, question: Question | None, words: str) -> None:
        shown = self._shown.get(part.tile.name)
        if shown is not None and part.tile.has_figures and question in (None, shown[0]):
            part.tile.age(f"These are the last figures that could be read. {words}")
            return
        self._shown.pop(part.tile.name, None)
        part.tile.fail(words)


def csv_text(rows: pd.DataFrame) -> str:
    """Write rows as CSV, exact; a text that a spreadsheet would run as a formula is marked as text."""
    safe = rows.copy()
    for name in safe.columns:
        if safe[name].dtype == object or str(safe[name].dtype) in {"str", "string"}:
            safe[name] = [f"'{text}" if isinstance(text, str) and text[:1] in _FORMULA else text for text in safe[name]]
    written: str = safe.to_csv(index=False)
    return written
