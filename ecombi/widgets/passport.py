"""The passport of a figure: a small card that says where it comes from."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from ecombi.widgets.markup import Child, el, icon


def passport_card(title: str, facts: Sequence[tuple[str, Child]]) -> Markup:
    """Build the button beside a title, and the card it opens.

    The SQL is long, and rarely read: the action "sql" asks for it, and `Tile.tell` puts it in its place.

    Args:
        title: Of the figure.
        facts: Heading and text, in reading order.
    """
    rows = [el("div", el("dt", term), el("dd", text), style="display:contents") for term, text in facts]
    ask = el("button", "Show SQL", class_="link", type="button", data_do="sql")
    place = el("pre", class_="sql", data_fill="sql", tabindex="0")
    card = el(
        "div",
        el("h3", title),
        el("dl", rows),
        el("footer", ask),
        place,
        class_="pop",
        role="dialog",
        aria_label=f"About {title}",
    )
    return el(
        "details",
        el("summary", icon("about"), class_="icon", aria_label=f"About this number: {title}"),
        card,
        class_="passport menu",
    )
