"""The value of a secret is found in whatever a run would store, however it was written."""

from __future__ import annotations

import base64
import codecs
import gzip
import html
import json
import os
import quopri
import re
import struct
import textwrap
import unicodedata
import zlib
from collections.abc import Callable
from io import BytesIO
from urllib.parse import quote, quote_plus

import nbformat
import pytest
import xlsxwriter
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ecombi.reports.leaks import Leak, find_leaks, redact

SECRET = "Tr0ub4dor&3 \"é\\€'+/=%41<b>🙂"

WRITTEN: dict[str, Callable[[str], str]] = {
    "plain": str,
    "backwards": lambda value: value[::-1],
    "html": html.escape,
    "html without quotes": lambda value: html.escape(value, quote=False),
    "html numbers": lambda value: "".join(f"&#{ord(c)};" for c in value),
    "html in hex": lambda value: "".join(f"&#x{ord(c):X};" for c in value),
    "json": json.dumps,
    "json in utf-8": lambda value: json.dumps(value, ensure_ascii=False),
    "json with slashes": lambda value: json.dumps(value).replace("/", "\\/"),
    "python": repr,
    "python in ascii": ascii,
    "url": lambda value: quote(value, safe=""),
    "url in small letters": lambda value: re.sub("%..", lambda found: found[0].lower(), quote(value, safe="")),
    "path of a url": quote,
    "form": quote_plus,
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64 of a pair": lambda value: base64.b64encode(f"me:{value}".encode()).decode(),
    "base64 of a longer pair": lambda value: base64.b64encode(f"you:{value};".encode()).decode(),
    "base64 of the longest pair": lambda value: base64.b64encode(f"shop:{value}--".encode()).decode(),
    "base64 for urls": lambda value: base64.urlsafe_b64encode(f"ÿ{value}".encode()).decode(),
    "base64 in lines": lambda value: base64.encodebytes(f"{'x' * 70}{value}".encode()).decode(),
    "hex": lambda value: value.encode().hex(),
    "hex in capitals": lambda value: value.encode().hex(" ").upper(),
    "hex of utf-16": lambda value: value.encode("utf-16-be").hex(),
    "base32": lambda value: base64.b32encode(f"xyz{value}".encode()).decode(),
    "base64 twice": lambda value: base64.b64encode(base64.b64encode(f"me:{value}".encode())).decode(),
    "base64 of utf-16": lambda value: base64.b64encode(f"me:{value}".encode("utf-16-le")).decode(),
    "hex with colons": lambda value: value.encode().hex(":"),
    "html twice": lambda value: html.escape(html.escape(value)),
    "url twice": lambda value: quote(quote(value, safe=""), safe=""),
    "json in html": lambda value: html.escape(json.dumps(value)),
    "html in json": lambda value: json.dumps(html.escape(value)),
    "url in html": lambda value: html.escape(quote(value)),
    "json in a url": lambda value: quote(json.dumps(value)),
    "bytes": lambda value: repr(value.encode()),
    "bytes of utf-16": lambda value: repr(value.encode("utf-16")),
    "bytes as numbers": lambda value: str(list(value.encode())),
    "letters as numbers": lambda value: str([ord(letter) for letter in value]),
    "bits": lambda value: " ".join(f"{byte:08b}" for byte in value.encode()),
    "octal": lambda value: "".join(f"\\{byte:03o}" for byte in value.encode()),
    "mail": lambda value: quopri.encodestring(value.encode()).decode("ascii"),
    "base85": lambda value: base64.b85encode(value.encode()).decode(),
    "rot13": lambda value: codecs.encode(value, "rot13"),
    "letters taken apart": lambda value: unicodedata.normalize("NFD", value),
    "overstruck": lambda value: "".join(f"_\b{letter}" for letter in value),
    "gzip in base64": lambda value: base64.b64encode(
        gzip.compress((value + "x" * 9).encode() + os.urandom(60))
    ).decode(),
    "python in json": lambda value: json.dumps(repr(value)),
}

VALUES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=8, max_size=40).filter(
    lambda value: len("".join(value.split())) >= 8
)


@pytest.mark.parametrize("form", WRITTEN)
@settings(deadline=None)
@given(
    value=VALUES | st.just(SECRET), before=st.text(max_size=5), after=st.sampled_from(["", ".", " and more", "</p>"])
)
def test_a_value_is_found_however_it_is_written(form: str, value: str, before: str, after: str) -> None:
    # What comes before may change what a backslash or an ampersand means; a blank ends both.
    text = f"{before.rstrip(chr(92))} {WRITTEN[form](value)}{after}"
    assert find_leaks({"report.html": text}, {"secret://mail": value}) == [
        Leak(label="secret://mail", where="report.html")
    ]


@settings(deadline=None)
@given(value=VALUES, form=st.sampled_from(sorted(WRITTEN)), rest=st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_redacted_holds_no_value_any_more(value: str, form: str, rest: str) -> None:
    assume(
        not find_leaks({"x": f"[secret://s] A text that held secret://s is not shown. {rest}"}, {"secret://s": value})
    )
    assert (
        find_leaks({"x": redact(f"{rest} {WRITTEN[form](value)}", {"secret://s": value})}, {"secret://s": value}) == []
    )


def test_a_message_keeps_its_words() -> None:
    secrets = {"secret://mail": "Tr0ub4dor&3", "DATABASE_URL": "pässwörd9"}
    assert redact("Login as me:Tr0ub4dor&3 at db?p=p%C3%A4ssw%C3%B6rd9 failed.", secrets) == (
        "Login as me:[secret://mail] at db?p=[DATABASE_URL] failed."
    )
    assert redact("Nothing here.", secrets) == "Nothing here."
    assert redact("T<b>r</b>0ub4dor&3", secrets) == "[A text that held secret://mail is not shown.]"


def test_a_report_without_the_value_is_clean() -> None:
    text = "Net sales of 46.00, Tr0ub4dor, 3&rodub4orT and the password of the shop." * 1000
    assert (
        find_leaks({"report.html": text, "result.json": json.dumps({"a": [text]})}, {"s": SECRET, "t": "Tr0ub4dor&3"})
        == []
    )
    assert find_leaks({"report.html": SECRET}, {}) == []


@pytest.mark.parametrize(
    "text",
    [
        "Tr0ub<b>4dor</b>&3", "Tr0ub<b style='x'>4dor</b>&amp;3", "Tr0ub\x1b[31m4dor\x1b[0m&3", "Tr0ub\n4dor&3",
        "Tr0ub\\n4dor&3", "T r 0 u b 4 d o r & 3", "T-r-0-u-b-4-d-o-r-&-3", json.dumps(list("Tr0ub4dor&3")),
        str(list("Tr0ub4dor&3")), "\u200b".join("Tr0ub4dor&3"), "Tr0ub\u00ad4dor&amp;3", "TR0UB4DOR&3",
        "tr0ub4dor&amp;3", "\n".join(textwrap.wrap("xx Tr0ub4dor&3", 4)),
    ],
)  # fmt: skip
def test_a_value_broken_over_lines_and_tags_is_found(text: str) -> None:
    assert find_leaks({"report.html": text}, {"s": "Tr0ub4dor&3"})


def test_a_line_of_a_key_is_as_bad_as_the_whole() -> None:
    lines = ["MIIEvQIBADANBgkqhkiG", "9w0BAQEFAASCBKcwggSj"]
    key = "\n".join(["-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----"])
    assert find_leaks({"report.html": f"<p>{lines[1]}</p>"}, {"s": key})
    assert find_leaks({"report.html": "-----BEGIN PRIVATE KEY-----"}, {"s": key}) == []


def test_cells_and_lines_of_a_notebook_are_read_as_the_author_does() -> None:
    made = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# Title"),
            nbformat.v4.new_code_cell("x", metadata={"tags": ["injected-parameters"]}),
            nbformat.v4.new_code_cell(
                "y", outputs=[nbformat.v4.new_output("stream", text="a\u2028b\x0cTr0\u2028ub4dor\n&3")]
            ),
        ],
        metadata={"title": "Tr0\u2028ub4dor\n&3"},
    )
    text = nbformat.writes(made)
    assert '"a\u2028",' in text or '"a\\u2028",' in text
    assert [str(leak) for leak in find_leaks({"notebook.ipynb": text}, {"secret://s": "Tr0\u2028ub4dor\n&3"})] == [
        "notebook.ipynb, cell 2 holds the value of secret://s",
        "notebook.ipynb holds the value of secret://s",
    ]


@pytest.mark.parametrize(
    "outputs",
    [
        [("stream", {"name": "stdout", "text": "Tr0ub4"}), ("stream", {"name": "stderr", "text": "dor&3"})],
        [("display_data", {"data": {"text/plain": part}}) for part in ("Tr0ub4", "dor&3")],
        [("display_data", {"data": {"text/html": f"<b>{part}</b>"}}) for part in ("Tr0", "ub4dor&amp;3")],
    ],
)
def test_a_value_in_parts_shown_one_after_the_other_is_found(outputs: list[tuple[str, dict[str, object]]]) -> None:
    shown = [nbformat.v4.new_output(kind, **more) for kind, more in outputs]
    text = nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("y", outputs=shown)]))
    assert [str(leak) for leak in find_leaks({"failed.ipynb": text}, {"s": "Tr0ub4dor&3"})] == [
        "failed.ipynb, cell 1 holds the value of s"
    ]


def test_names_and_numbers_of_json_are_read() -> None:
    document = json.dumps({"figures": {"tr0ub4dor": {"value": 1234567890}}})
    assert find_leaks({"result.json": document}, {"a": "tr0ub4dor", "b": "1234567890", "c": "234567891"}) == [
        Leak(label="a", where="result.json"),
        Leak(label="b", where="result.json"),
    ]


def test_the_inside_of_a_spreadsheet_is_read() -> None:
    file = BytesIO()
    with xlsxwriter.Workbook(file) as book:
        book.add_worksheet("Figures").write_string(0, 0, "Tr0ub4dor&3")
    assert b"Tr0ub4dor" not in file.getvalue()
    assert find_leaks({"report.xlsx": file.getvalue()}, {"s": "Tr0ub4dor&3"}) == [
        Leak(label="s", where="report.xlsx, xl/sharedStrings.xml")
    ]


def picture(*chunks: tuple[bytes, bytes]) -> str:
    """A PNG of one point that says something, as base64."""
    point = [(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(b"\0\0"))]
    parts = [*point[:1], *chunks, *point[1:], (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(held)) + kind + held + struct.pack(">I", zlib.crc32(kind + held)) for kind, held in parts
    )
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + body).decode()


@pytest.mark.parametrize(
    "chunk",
    [
        (b"tEXt", b"Title\0Tr0ub4dor&3 Z\xfcrich"),
        (b"zTXt", b"Title\0\0" + zlib.compress(b"Tr0ub4dor&3 Z\xfcrich")),
        (b"iTXt", b"Title\0\0\0\0\0" + "Tr0ub4dor&3 Zürich".encode()),
        (b"iTXt", b"xxx\0\1\0de\0\0" + zlib.compress("x Tr0ub4dor&3 Zürich".encode())),
        (b"eXIf", "Tr0ub4dor&3 Zürich".encode("utf-16-le")),
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_what_a_picture_says_is_read(chunk: tuple[bytes, bytes], wrapped: bool) -> None:
    shown = picture(chunk)
    data = {"image/png": "\n".join(textwrap.wrap(shown, 76)) + "\n" if wrapped else shown}
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("x", outputs=[nbformat.v4.new_output("display_data", data)])]
    )
    files = {"report.ipynb": nbformat.writes(notebook), "report.html": f"<img src='data:image/png;base64,{shown}'>"}
    secrets = {"secret://mail": "Tr0ub4dor&3 Zürich", "other": "Tr0ub4dor&4 Zürich"}
    assert {str(leak).split(" holds")[0] for leak in find_leaks(files, secrets)} == {
        "report.ipynb, cell 1",
        "report.html",
    }
    assert find_leaks(files, {"other": secrets["other"]}) == []


def test_an_archive_that_holds_a_giant_is_not_unpacked_whole() -> None:
    packed = base64.b64encode(gzip.compress(b"\0" * (1 << 28))).decode()
    assert find_leaks({"report.html": packed}, {"s": "Tr0ub4dor&3"}) == []
