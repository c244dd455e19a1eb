"""HTML built from Python: every text is escaped, so a product's name can never be more than text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from markupsafe import Markup, escape

_VOID: Final = frozenset({"input", "br", "hr", "img", "col"})
_ICONS: Final = {
    "up": ("0 0 8 8", "M4 1 7.5 7h-7z"),
    "down": ("0 0 8 8", "M4 7 .5 1h7z"),
    "even": ("0 0 8 8", "M0 3h8v2H0z"),
    "chevron": ("0 0 12 12", "m3 4.5 3 3 3-3"),
    "close": ("0 0 12 12", "m3 3 6 6M9 3 3 9"),
    "about": ("0 0 16 16", "M14.25 8a6.25 6.25 0 1 1-12.5 0a6.25 6.25 0 0 1 12.5 0M8 7.25V11M8 5v.2"),
    "more": ("0 0 16 16", "M3.5 8h.01M8 8h.01M12.5 8h.01"),
}

Child = str | Markup | None
Attribute = str | int | float | bool | None

NOTHING: Final = Markup("")


def el(name: str, /, *children: Child | Iterable[Child], **attributes: Attribute) -> Markup:
    """Build one element.

    Args:
        name: Tag name.
        children: Texts, which are escaped, or markup, which is not; None is left out.
        attributes: `class_` is class, `data_do` is data-do; True is a bare attribute, False and None none at all.
    """
    start = f"<{name}{''.join([_attribute(key, value) for key, value in attributes.items()])}>"
    # Every part is escaped where it is made, so only the whole is marked as markup.
    return Markup(start) if name in _VOID else Markup(f"{start}{''.join(_texts(children))}</{name}>")  # noqa: S704


def join(children: Iterable[Child | Iterable[Child]]) -> Markup:
    """Put texts and markup one after the other."""
    return Markup("".join(_texts(children)))  # noqa: S704 - escaped in _texts


def icon(name: str, class_: str = "ico") -> Markup:
    """Draw one of our icons; it says nothing to a screen reader."""
    box, path = _ICONS[name]
    width = "2.5" if name == "more" else None
    return el("svg", el("path", d=path, stroke_width=width), class_=class_, viewBox=box, aria_hidden="true")


def _texts(children: Iterable[Child | Iterable[Child]]) -> Iterator[str]:
    for child in children:
        if child is None:
            continue
        if isinstance(child, str):
            yield str(escape(child))
        else:
            yield from _texts(child)


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
