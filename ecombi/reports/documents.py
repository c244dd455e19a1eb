"""Makes the documents of a run out of its executed notebook: for readers, for spreadsheets, for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from ecombi.reports.declared import Declared


def render(
    notebook: NotebookNode,
    *,
    title: str,
    declared: Declared,
    result: Mapping[str, object],
    as_pdf: Callable[[str], bytes | None] | None = None,
) -> dict[str, str | bytes]:
    """Return the documents of a run by kind: notebook, html, result; xlsx of what is declared; pdf where that can be.

    Args:
        notebook: As it was executed.
        title: Heading of the report.
        declared: What it declared.
        result: The same, as result.json has it.
        as_pdf: Makes the PDF of the HTML, or None where that cannot be; None: no PDF.
    """
    import nbformat

    from ecombi.reports.html import as_html
    from ecombi.reports.xlsx import as_xlsx

    html = as_html(notebook, title=title)
    documents: dict[str, str | bytes] = {
        "notebook": str(nbformat.writes(notebook)),  # type: ignore[no-untyped-call]
        "html": html,
        "result": json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False) + "\n",
    }
    if (book := as_xlsx(declared, title=title)) is not None:
        documents["xlsx"] = book
    pdf = None if as_pdf is None else as_pdf(html)
    if pdf is not None:
        documents["pdf"] = pdf
    return documents
