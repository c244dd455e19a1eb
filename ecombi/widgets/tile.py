"""A tile: a title, what is in it, and the four looks it has when there are no figures to show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import ipywidgets
from markupsafe import Markup

from ecombi.widgets.markup import NOTHING, el, icon, join
from ecombi.widgets.panel import Action, Panel


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a tile shows.

    Attributes:
        sub: Unit, basis and range, in words.
        body: Above the chart, or all there is where there is no chart.
        note: One sentence under a rule.
        passport: Where the figures come from; see `ecombi.widgets.passport`.
        menu: Labels of what else can be done, by the action that does it.
        tag: A word in the corner, by its colour: bad, warn, good or even.
        chart: Whether the chart is shown; a table may stand in for it.
        stale: Why these figures are not the newest; empty where they are.
    """

    sub: str = ""
    body: Markup = NOTHING
    note: Markup = NOTHING
    passport: Markup = NOTHING
    menu: Sequence[tuple[str, str]] = ()
    tag: tuple[str, str] | None = None
    chart: bool = True
    stale: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What a tile says when there is nothing: what was looked for, and what would change it.

    Attributes:
        sub: Unit, basis and range, in words.
        title: What is not there.
        words: A sentence about it.
        action: The one control that would help.
    """

    sub: str
    title: str
    words: str
    action: Markup = NOTHING


@dataclass(slots=True, kw_only=True)
class Tile:
    """One tile on the page, changed in place.

    Attributes:
        name: Identity on the page, and the anchor of a link to it.
        title: What is shown, in a few words.
        span: Its width, c3 to c12.
        chart: A widget under the body, if any; built once.
        picture: The same chart as markup, for the first picture of the page.
        lines: Widths of the grey lines it has while it is waiting for its first figures, in percent.
    """

    name: str
    title: str
    span: str
    chart: ipywidgets.DOMWidget | None = None
    picture: Callable[[], Markup] | None = None
    lines: Sequence[int] = (96, 74, 82, 61, 48, 55)
    content: Content | None = field(default=None, init=False)
    root: ipywidgets.DOMWidget = field(init=False)
    _head: Panel = field(init=False)
    _foot: Panel | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._head = Panel()
        self.root = self._head
        if self.chart is not None:
            self._head.label = self.title
            self._foot = Panel()
            self.root = ipywidgets.VBox([self._head, self._foot])
            self.root.add_class("tile").add_class(self.span)
        self.wait()

    @property
    def panels(self) -> int:
        """How many panels it has."""
        return 1 if self._foot is None else 2

    @property
    def has_figures(self) -> bool:
        """Whether it shows something other than grey lines or an error."""
        return self.content is not None

    def on_action(self, callback: Callable[[Action], None]) -> None:
        """Call `callback` with each action in the tile."""
        self._head.on_action(callback)

    def show(self, content: Content | Missing | None) -> None:
        """Show figures, or that there are none; None takes the tile off the page."""
        self.root.layout.display = "none" if content is None else None
        if content is None:
            self.content = None
            return
        if isinstance(content, Missing):
            body = said(content.title, content.words, content.action)
            content = Content(sub=content.sub, body=body, chart=False)
        self.content = content
        self._draw(content)

    def age(self, why: str) -> None:
        """Keep the figures, and say why they are not the newest."""
        if self.content is not None:
            self._draw(replace(self.content, stale=why))

    def wait(self) -> None:
        """Show grey lines in the shape of what comes."""
        lines = [el("i", style=f"width:{width}%") for width in self.lines]
        self._draw(
            Content(
                body=el("div", lines, class_="skel", aria_busy="true", aria_label=f"Loading {self.title}"), chart=False
            )
        )

    def fail(self, words: str) -> None:
        """Say that the figures cannot be shown: what happened, and one next step. Never a trace."""
        self.content = None
        again = el("button", "Try again", class_="ctl", type="button", data_do="refresh")
        body = said(f"{self.title} can’t be shown", words, again)
        self._draw(Content(body=body, tag=("bad", "Error"), chart=False))

    def download(self, name: str, text: str) -> None:
        """Hand the browser a text file to save."""
        self._head.download(name, text)

    def tell(self, place: str, text: str) -> None:
        """Put a text where the tile has a place for it."""
        self._head.fill(place, text)

    def html(self) -> Markup:
        """Return the tile as it is now, without its widgets."""
        if self.root.layout.display == "none":
            return NOTHING
        if self._foot is None:
            return self._head.markup
        drawn = self.content is not None and self.content.chart
        picture = self.picture() if self.picture is not None and drawn else NOTHING
        stale = self.content.stale if self.content else ""
        return el(
            "section",
            self._head.markup,
            picture,
            self._foot.markup,
            class_=_classes(self.span, stale=stale),
        )

    def _draw(self, content: Content) -> None:
        head = join(
            [self._header(content), _strip(content), el("div", content.body, class_="body") if content.body else None]
        )
        note = el("p", content.note, class_="note") if content.note else NOTHING
        if self._foot is None or self.chart is None:
            self._head.show(
                el(
                    "section",
                    head,
                    note,
                    class_=_classes(self.span, stale=content.stale),
                    id=self.name,
                    aria_label=self.title,
                )
            )
            return
        self._head.show(head)
        self._foot.show(note)
        # A chart that is not seen is not there at all: the library cannot draw one without a size.
        children = (self._head, self.chart, self._foot) if content.chart else (self._head, self._foot)
        if self.root.children != children:
            self.root.children = children
        (self.root.add_class if content.stale else self.root.remove_class)("is-stale")

    def _header(self, content: Content) -> Markup:
        menu = _menu(self.title, self.name, content.menu) if content.menu else None
        tag = content.tag or (("warn", "Stale") if content.stale else None)
        shown_tag = el("span", tag[1], class_=f"tag {tag[0]}") if tag else None
        anchor = self.name if self._foot is not None else None
        return el(
            "header",
            el("h2", self.title, id=anchor),
            content.passport or el("span"),
            el("span"),
            el("div", shown_tag, menu, class_="end"),
            el("p", content.sub, class_="sub") if content.sub else None,
        )


def said(title: str, words: str, action: Markup = NOTHING) -> Markup:
    """Say something where figures would be."""
    return el("div", el("h3", title), el("p", words), action, class_="state")


def _classes(span: str, *, stale: str) -> str:
    return f"tile {span} is-stale" if stale else f"tile {span}"


def _strip(content: Content) -> Markup | None:
    return el("div", el("span", content.stale), class_="strip warn", role="status") if content.stale else None


def _menu(title: str, name: str, items: Sequence[tuple[str, str]]) -> Markup:
    buttons = [
        el("button", label, type="button", data_do=do, data_anchor=name if do == "copy-link" else None)
        for do, label in items
    ]
    return el(
        "details",
        el("summary", icon("more"), class_="icon", aria_label=f"{title}: table, export, link"),
        el("div", buttons, class_="pop list end"),
        class_="menu",
    )
