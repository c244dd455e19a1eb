"""The guide docs/how-to/add-a-report.md, followed to the letter."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from importlib import import_module
from pathlib import Path

from ecombi.reports import find, run
from ecombi.reports.declared import Declared
from ecombi.settings import load_settings
from tests.notebooks.test_report_notebooks import PROJECT, broken_rules
from tests.reports.conftest import cell, notebook
from tests.reports.document import Document
from tests.reports.hand_shop import open_shop

GUIDE = (PROJECT / "docs/how-to/add-a-report.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The code blocks of the guide in one language."""
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def test_the_report_of_the_guide_runs(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "notebooks/reports").mkdir(parents=True)
    (project / "parameters/reports").mkdir(parents=True)
    (notes,) = blocks("yaml")
    (project / "parameters/reports/country_sales.yml").write_text(notes, encoding="utf-8")
    imports, parameters, *rest = (block.strip() for block in blocks("python"))
    heading = cell("# Sales by country", kind="markdown")
    written = notebook(heading, cell(imports), cell(parameters, tags=("parameters",)), *map(cell, rest))
    assert broken_rules(written) == set()
    (project / "notebooks/reports/country_sales.ipynb").write_text(written, encoding="utf-8")
    (command,) = (line for line in GUIDE.splitlines() if line.startswith("ecombi report country_sales"))
    values = dict(pair.split("=") for pair in re.findall(r"-p (\S+)", command))

    done = run(find("country_sales", project), values, settings=load_settings(workspace=open_shop(tmp_path / "shop")))

    assert f"reports/{done.html.name}" in GUIDE
    assert f"{done.html.stem}.failed.ipynb" in GUIDE
    # Net sales of October in the shop added up by hand, against 80.00 in September.
    assert Document(done.html).table("Net sales by country") == [
        ["GB", "£100.00", "73.5%", "3", "▲ 25.0%"],
        ["FR", "£36.00", "26.5%", "1", "–"],
        ["Total", "£136.00", "100.0%", "4", "▲ 70.0%"],
    ]
    assert json.loads(done.notebook.read_text(encoding="utf-8"))["cells"][0]["source"]
    published = Declared.of(json.loads(done.result.read_text(encoding="utf-8")))
    assert (published.figure("total.net_sales"), published.figure("total.orders")) == (Decimal(136), 4)
    assert [(row["country"], row["net_sales"], row["net_sales_before"]) for row in published.rows("by_country")] == [
        ("FR", Decimal(36), Decimal(0)),
        ("GB", Decimal(100), Decimal(80)),
    ]


def test_every_block_the_guide_names_exists() -> None:
    named = re.findall(r"\| `(\w+)\.(\w+)` \|", GUIDE)
    assert len(named) >= 10
    for module, block in named:
        assert callable(getattr(import_module(f"ecombi.reports.{module}"), block))
