"""Turns an executed notebook into one HTML file without code: nothing in it is fetched, nothing in it runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from nbconvert.exporters import TemplateExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from ecombi.look import tokens
from ecombi.reports.harmless import harmless

CONTENT_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'"
)
"""What the document says of itself that it may do: show itself."""

HEADER_POLICY: Final = f"sandbox; {CONTENT_POLICY}; frame-ancestors 'self'"
"""What a server hands it out with; the document holds it too. `sandbox` and the ancestors work in a header only."""

_LOOK = Path(__file__).parent / "look"


def as_html(notebook: NotebookNode, *, title: str) -> str:
    """Return the notebook's text and outputs as a self-contained document.

    HTML in markdown cells is shown as text. Outputs are let through `harmless`. Messages to stderr are left out.
    """
    exporter = TemplateExporter(  # type: ignore[no-untyped-call]
        template_paths=[str(_LOOK)],
        template_file="report.html.j2",
        filters={"markdown": _markdown, "harmless": harmless, "base64": _base64},
        enabled=True,
    )
    styles = "\n".join(sheet.read_text(encoding="utf-8") for sheet in (tokens(), _LOOK / "report.css"))
    page = {"title": title, "policy": CONTENT_POLICY, "header_policy": HEADER_POLICY, "styles": styles}
    html, _ = exporter.from_notebook_node(notebook, resources={"page": page})
    return str(html)


def _markdown(source: str) -> str:
    renderer = IPythonRenderer(escape=True, exclude_anchor_links=True)
    return harmless(str(MarkdownWithMath(renderer=renderer).render(source)))


def _base64(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9+/=]", "", text)
