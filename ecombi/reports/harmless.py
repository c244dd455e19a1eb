"""Lets through the HTML and SVG that reports are made of, and nothing else: what is left loads and runs nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from bs4 import BeautifulSoup
from bs4.element import AttributeValueList, NavigableString, Tag


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SHAPE: Final = _words("""
    clip-path clip-rule clippathunits cx cy d dominant-baseline dx dy fill fill-opacity fill-rule font-family
    font-size font-weight gradienttransform gradientunits height letter-spacing marker-end marker-mid marker-start
    markerheight markerunits markerwidth offset opacity orient overflow paint-order patterntransform patternunits
    points preserveaspectratio r refx refy rotate rx ry shape-rendering stop-color stop-opacity stroke
    stroke-dasharray stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit stroke-opacity stroke-width
    text-anchor textlength transform vector-effect viewbox width x x1 x2 xmlns y y1 y2
""")
_EVERYWHERE: Final = _words("class dir hidden id lang role style title")
_PLAIN: Final = _words("""
    abbr b blockquote br caption code dd del dfn div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i ins kbd li mark p
    pre q s samp section small span strong sub summary sup table tbody tfoot thead tr u ul var wbr
""")
_SHAPES: Final = _words("""
    circle clippath defs desc ellipse g line lineargradient marker path pattern polygon polyline radialgradient rect
    stop svg symbol text title tspan
""")
_TAGS: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(_PLAIN, frozenset()),
    **dict.fromkeys(_SHAPES, _SHAPE),
    "a": frozenset({"href"}),
    "col": frozenset({"span"}),
    "colgroup": frozenset({"span"}),
    "data": frozenset({"value"}),
    "details": frozenset({"open"}),
    "img": frozenset({"src", "alt", "width", "height"}),
    "ol": frozenset({"start", "type"}),
    "td": frozenset({"colspan", "rowspan"}),
    "th": frozenset({"colspan", "rowspan", "scope"}),
    "time": frozenset({"datetime"}),
    "use": _SHAPE | {"href"},
}
"""Tag -> the attributes it may have besides those that every tag may have."""

_UNREAD: Final = _words("""
    applet audio canvas embed foreignobject frame frameset head iframe math noembed noframes noscript object plaintext
    portal script select style template textarea video xmp
""")
"""Tags whose content is no text of the report: it goes with them. Of any other unknown tag the content stays."""

_LINKS: Final[Mapping[str, re.Pattern[str]]] = {
    "a": re.compile(r"(#|https?://|mailto:)[^\s\\]*"),
    "img": re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*"),
    "use": re.compile(r"#[\w-]+"),
}
_PROPERTIES: Final = re.compile(
    r"--[\w-]+|(min-|max-)?(width|height)|(background-)?color|background|(fill|stroke|opacity)[\w-]*|display|left|right|top|"
    r"bottom|inset|transform|(align|justify|place|grid|flex|font|text|line|letter|white|word|overflow|vertical|border|margin|"
    r"padding|gap|column|row|list)[\w-]*"
)
_FUNCTIONS: Final = _words(
    "calc clamp color-mix fit-content hsl hsla matrix max min minmax repeat rgb rgba rotate scale translate var"
)
_OWN_PART: Final = re.compile(r"url\(#[\w-]+\)")


def harmless(html: str) -> str:
    """Return the HTML without what could load, run, send, leave the page, or change how the rest of it looks.

    Tags that are left out leave their text behind, but for scripts, styles, frames and the like. What is returned holds
    no tag and no attribute that is not listed here, however a browser reads it: all else in it is escaped text.
    """
    soup = BeautifulSoup(html, "html.parser", multi_valued_attributes=None)
    for text in soup.find_all(string=True):
        # Comments, doctypes, CDATA: browsers disagree on where they end.
        if type(text) is not NavigableString:
            text.extract()
    for tag in soup.find_all(True):
        if tag.decomposed:
            continue
        if tag.name in _UNREAD:
            tag.decompose()
        elif tag.name not in _TAGS:
            tag.unwrap()
        else:
            tag.attrs = _kept(tag)
    return soup.decode(formatter="minimal")


def _kept(tag: Tag) -> dict[str, str | AttributeValueList]:
    allowed = _EVERYWHERE | _TAGS[tag.name]
    kept: dict[str, str | AttributeValueList] = {}
    for name, given in tag.attrs.items():
        value = _style(str(given)) if name == "style" else str(given)
        if (name in allowed or re.fullmatch(r"aria-[a-z]+", name)) and _stays_here(tag.name, name, value):
            kept[name] = value
    return kept


def _stays_here(tag: str, name: str, value: str) -> bool:
    if name in ("href", "src"):
        return bool(_LINKS[tag].fullmatch(value))
    # A shape is filled with, or clipped by, a part of its own drawing only.
    return name not in _SHAPE or bool(_OWN_PART.fullmatch(value)) or _computes_only(value)


def _style(text: str) -> str:
    """Keep the declarations of properties that only a tag's own box and text have."""
    declared = (part.partition(":") for part in text.split(";"))
    return ";".join(
        f"{name.strip()}:{value.strip()}"
        for name, _, value in declared
        if _PROPERTIES.fullmatch(name.strip()) and _computes_only(value)
    )


def _computes_only(value: str) -> bool:
    return not re.search(r"[\\@<>{}/*]", value) and set(re.findall(r"([\w-]*)\s*\(", value)) <= _FUNCTIONS
