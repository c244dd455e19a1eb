"""Turns an executed notebook into one HTML file without code: nothing in it is fetched, nothing in it runs."""

from __future__ import annotations

from pathlib import Path

from nbconvert.exporters import TemplateExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from ecombi.look import tokens

CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'"
"""What the document may do: show itself. A server that hands it out adds `sandbox`, which works in a header only."""

_LOOK = Path(__file__).parent / "look"


def as_html(notebook: NotebookNode, *, title: str) -> str:
    """Return the notebook's text and outputs as a self-contained document.

    HTML in markdown cells is shown as text; HTML outputs are the report's own. Messages to stderr are left out.
    """
    exporter = TemplateExporter(  # type: ignore[no-untyped-call]
        template_paths=[str(_LOOK)],
        template_file="report.html.j2",
        filters={"markdown": _markdown},
        enabled=True,
    )
    styles = "\n".join(sheet.read_text(encoding="utf-8") for sheet in (tokens(), _LOOK / "report.css"))
    page = {"title": title, "policy": CONTENT_POLICY, "styles": styles}
    html, _ = exporter.from_notebook_node(notebook, resources={"page": page})
    return str(html)


def _markdown(source: str) -> str:
    renderer = IPythonRenderer(escape=True, exclude_anchor_links=True)
    return str(MarkdownWithMath(renderer=renderer).render(source))
