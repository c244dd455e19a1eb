"""One run, several documents, one result in all of them."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import partial
from io import BytesIO

import nbformat
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from ecombi.reports.documents import render
from ecombi.reports.pdf import as_pdf, find_browser
from ecombi.reports.results import Declared, collect
from tests.reports.test_results import executed

ROWS = pd.DataFrame({"country": ["FR", "GB"], "net_sales": [Decimal("36.00"), Decimal("10.00")]})


def documents(notebook: nbformat.NotebookNode, *, pdf: bool = False) -> dict[str, str | bytes]:
    """The documents of an executed notebook."""
    declared = collect(notebook)
    result = declared.document(report="tiny", parameters={"day": "2026-10-31"}, snapshot=3)
    browser = find_browser() if pdf else None
    printed = partial(as_pdf, browser=browser) if browser else None
    return render(notebook, title="Tiny", declared=declared, result=result, as_pdf=printed)


@pytest.mark.browser
def test_every_document_holds_the_result() -> None:
    notebook = executed({"by_country": ROWS, "total": Decimal("46.00")})
    notebook.cells.append(
        nbformat.v4.new_code_cell("hidden", outputs=[nbformat.v4.new_output("stream", text="Net sales: 46.00")])
    )
    made = documents(notebook, pdf=True)
    assert list(made) == ["notebook", "html", "result", "xlsx", "pdf"]
    assert isinstance(made["xlsx"], bytes)
    assert isinstance(made["pdf"], bytes)
    result = json.loads(made["result"])
    assert Declared.of(result).figure("total") == Decimal(46)
    assert Declared.of(result).rows("by_country") == ROWS.to_dict("records")
    book = CalamineWorkbook.from_filelike(BytesIO(made["xlsx"]))
    assert book.get_sheet_by_name("by_country").to_python() == [["Country", "Net sales"], ["FR", 36.0], ["GB", 10.0]]
    assert "Net sales: 46.00" in str(made["html"])
    assert "hidden" not in str(made["html"])
    assert collect(nbformat.reads(str(made["notebook"]), as_version=4)).figure("total") == Decimal(46)
    assert made["pdf"].startswith(b"%PDF-")


def test_without_a_browser_and_without_figures_there_are_fewer_documents() -> None:
    made = documents(executed(None))
    assert list(made) == ["notebook", "html", "result"]
    assert json.loads(made["result"]) == {
        "schema": 1, "report": "tiny", "parameters": {"day": "2026-10-31"}, "snapshot": 3, "figures": {}, "tables": {},
    }  # fmt: skip


def test_equal_runs_make_equal_documents() -> None:
    notebook = executed({"by_country": ROWS, "total": Decimal("46.00")})
    assert documents(notebook) == documents(notebook)
