"""The page's own files: nothing in them points outside."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ecombi.look import tokens
from ecombi.server import pages
from ecombi.widgets import STATIC

FILES = [
    path for folder in (pages.TEMPLATE, STATIC, tokens().parent) for path in sorted(folder.rglob("*")) if path.is_file()
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_file_of_a_page_names_another_machine(path: Path):
    text = path.read_text("utf-8").replace("http://www.w3.org/", "")
    assert re.findall(r"(?:https?:)?//[\w-]+\.[\w.-]+", text) == []


def test_the_browser_is_told_to_ask_no_other_machine():
    sources = {word for rule in pages.POLICY.split(";") for word in rule.split()[1:]}
    assert sources <= {"'self'", "'unsafe-inline'", "'unsafe-eval'", "blob:", "data:", "ws:", "wss:"}


def test_both_themes_name_the_same_colours():
    basis, *themes = tokens().read_text("utf-8").split("@media screen")
    system, chosen = (set(re.findall(r"(--[\w-]+):", block)) for block in themes)
    assert system == chosen
    assert system <= set(re.findall(r"(--[\w-]+):", basis))


def test_styles_use_only_properties_that_exist():
    sheets = (tokens(), STATIC / "components.css", STATIC / "page.css")
    styles = "".join(sheet.read_text("utf-8") for sheet in sheets)
    set_inline = {"--n", "--k", "--zero", "--pt", "--pr", "--pb", "--pl"}
    assert set(re.findall(r"var\((--[\w-]+)", styles)) <= set(re.findall(r"(--[\w-]+):", styles)) | set_inline
