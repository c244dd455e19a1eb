"""Looks for the values of secrets in what a run is about to store, whatever they were turned into on the way."""

from __future__ import annotations

import base64
import codecs
import html
import json
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from ecombi.errors import ParameterError
from ecombi.reports.embedded import embedded

_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_LETTERS: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_LONG: Final = 16
_SHORTEST: Final = 8
_BETWEEN: Final = re.compile(r"<[^<>]*>|\x1b\[[0-9;]*m")
_OVERSTRUCK: Final = re.compile(r"[^\n\x08]\x08")
_QUOTED: Final = re.compile(r"=(?:\r?\n|([0-9A-F]{2}))")
_SEPARATORS: Final = re.compile(r"[\s,;:|'\"\[\]+_\-\u00ad\u200b-\u200d\u2060\ufeff]+")
"""What stands between the letters of a text that is spelt out, or that may break anywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """The value of a secret in something that was about to be stored.

    Attributes:
        label: What the secret is called; never its value.
        where: The file, and the cell or part of it.
    """

    label: str
    where: str

    def __str__(self) -> str:
        return f"{self.where} holds the value of {self.label}"


def find_leaks(files: Mapping[str, str | bytes], secrets: Mapping[str, str]) -> list[Leak]:
    """Find values of secrets in files, each once per place.

    A value is found as it is, backwards, in capitals or small letters, spelt out, broken over lines, tags or outputs,
    in other forms of its letters, and as HTML, JSON, Python, URLs, mail, base64, base32, base85, hex and lists of
    numbers write it, also twice; in the cells of notebooks, inside spreadsheets, and in what pictures say beside what
    they show. The pages of a PDF are packed: what it is made from has to be among the files.

    Args:
        files: Name -> content.
        secrets: What to call it -> value.
    """
    needles = {label: _Needles.of(value) for label, value in secrets.items()}
    if not needles:
        return []
    found = (
        Leak(label=label, where=where)
        for name, content in files.items()
        for where, text in _parts(name, content)
        for views in (_Views.of(text), *(_Views((inner,), (), ()) for inner in embedded(text)))
        for label, needle in needles.items()
        if needle.found_in(views)
    )
    return list(dict.fromkeys(found))


def refuse_secrets(values: Mapping[str, object], secrets: Mapping[str, str]) -> None:
    """Refuse values of parameters that are to be recorded and hold the value of a secret.

    Raises:
        ParameterError: One does.
    """
    if not secrets:
        return
    for name, value in values.items():
        for leak in find_leaks({name: json.dumps(value)}, secrets):
            raise ParameterError(
                f"Parameter {leak.where} holds the value of {leak.label}, and parameters are recorded. "
                "Name a secret as secret://NAME, in a parameter of type Secret."
            )


def redact(text: str, secrets: Mapping[str, str]) -> str:
    """Return the text with each secret's value replaced by what it is called, for messages and logs.

    Where a value is still there in some other form, none of the text is returned.
    """
    for label, value in secrets.items():
        for form in sorted(_forms(value), key=len, reverse=True):
            text = text.replace(form, f"[{label}]")
    left = find_leaks({"text": text}, secrets)
    return f"[A text that held {left[0].label} is not shown.]" if left else text


@dataclass(frozen=True, slots=True)
class _Views:
    """A text, read in every way in which it may have been written.

    Attributes:
        plain: Without tags, escapes, entities and percent signs, or with any of them.
        dense: The same without anything blank.
        small: The same in small letters without separators.
    """

    plain: tuple[str, ...]
    dense: tuple[str, ...]
    small: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> _Views:
        views = [text]
        for read in (
            _shown_last,
            _without_tags,
            _without_escapes,
            _without_escapes,
            _without_quoting,
            html.unescape,
            html.unescape,
        ):
            views = list(dict.fromkeys([*views, *map(read, views)]))
        dense = tuple(dict.fromkeys("".join(view.split()) for view in views))
        unquoted = [read(view) for view in views for read in (unquote, unquote_plus)]
        twice = [unquote(view) for view in dict.fromkeys(unquoted) if "%" in view]
        plain = tuple(dict.fromkeys([*views, *unquoted, *twice, *map(_without_escapes, unquoted)]))
        return cls(plain, dense, tuple(dict.fromkeys(_spelt(view) for view in dense)))


@dataclass(frozen=True, slots=True)
class _Needles:
    """A value, written in every way in which it is looked for."""

    plain: tuple[str, ...]
    dense: tuple[str, ...]
    small: tuple[str, ...]

    @classmethod
    def of(cls, value: str) -> _Needles:
        # A part of a key in several lines is as bad as the whole of it.
        lines = [line for line in value.splitlines() if len(line) >= _LONG and not line.startswith("--")]
        broken = [dense] if len(dense := "".join(value.split())) >= _SHORTEST else []
        spelt = [small] if len(small := _spelt(value)) >= _SHORTEST else []
        plain = (value, value[::-1], codecs.encode(value, "rot13"), *_as_bytes(value), *lines)
        return cls(plain, (*broken, *_packed(value)), (*spelt, *_hex(value), *_numbers(value)))

    def found_in(self, views: _Views) -> bool:
        return (
            any(needle in view for view in views.plain for needle in self.plain)
            or any(needle in view for view in views.dense for needle in self.dense)
            or any(needle in view for view in views.small for needle in self.small)
        )


def _packed(value: str) -> Iterator[str]:
    """Yield what base64, once or twice, and base32 make of the value wherever it begins among the bytes around it."""
    raw = value.encode("utf-8")
    once = list(_shifted(raw, base64.b64encode, 3, 6))
    for form in (*once, *_shifted(value.encode("utf-16-le"), base64.b64encode, 3, 6)):
        yield form
        yield form.translate(str.maketrans("+/", "-_"))
    for form in once:
        yield from _shifted(form.encode("ascii"), base64.b64encode, 3, 6)
    yield from _shifted(raw, base64.b32encode, 5, 5)
    yield from (base64.b85encode(raw).decode("ascii"), base64.a85encode(raw).decode("ascii"))


def _shifted(raw: bytes, encode: Callable[[bytes], bytes], group: int, bits: int) -> Iterator[str]:
    """Yield the characters that depend on the bytes alone, for each place in a group of bytes where they may begin."""
    for before in range(group):
        whole = encode(b"\0" * before + raw).decode("ascii")
        # The characters at both ends depend on the neighbours too.
        yield whole[-(-before * 8 // bits) : (before + len(raw)) * 8 // bits]


def _hex(value: str) -> Iterator[str]:
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        yield value.encode(encoding).hex()


def _as_bytes(value: str) -> Iterator[str]:
    """Yield the bytes of a value, a letter each, as Python shows them, mail quotes them and pictures hold them."""
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        yield value.encode(encoding).decode("latin-1")


def _numbers(value: str) -> Iterator[str]:
    raw = value.encode("utf-8")
    yield "".join(str(ord(letter)) for letter in value)
    for form in ("d", "03o", "08b"):
        yield "".join(format(byte, form) for byte in raw)


def _forms(value: str) -> set[str]:
    escaped = {html.escape(value), html.escape(value, quote=False), json.dumps(value)[1:-1], repr(value)[1:-1]}
    quoted = {quote(value), quote(value, safe=""), quote_plus(value)}
    hexed = {form for text in _hex(value) for form in (text, text.upper())}
    return {value, value[::-1], *escaped, *quoted, *hexed, *_packed(value)}


def _spelt(text: str) -> str:
    # What stands for the same letter in another way is the same letter.
    letters = text if text.isascii() else unicodedata.normalize("NFKD", text)
    return _SEPARATORS.sub("", letters).lower()


def _shown_last(text: str) -> str:
    """Leave out what a terminal writes over."""
    return _OVERSTRUCK.sub("", text) if "\b" in text else text


def _without_tags(text: str) -> str:
    return _BETWEEN.sub("", text)


def _without_escapes(text: str) -> str:
    """Undo what JSON or Python does to a text inside quotes."""
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(_unescaped, text)
    # JSON writes what is beyond 16 bits as two halves.
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _without_quoting(text: str) -> str:
    """Undo what mail does to a text (quoted-printable); what is not ASCII is left as its bytes."""
    return _QUOTED.sub(lambda found: chr(int(found[1], 16)) if found[1] else "", text) if "=" in text else text


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    if len(code) == 1:
        return _LETTERS.get(code, code)
    number = int(code[1:], 16)
    return chr(number) if number <= 0x10FFFF else found[0]


def _parts(name: str, content: str | bytes) -> Iterator[tuple[str, str]]:
    """Yield the parts of a file, each with what to call it."""
    if name.endswith(".xlsx") and isinstance(content, bytes):
        with zipfile.ZipFile(BytesIO(content)) as book:
            yield from ((f"{name}, {part}", book.read(part).decode("utf-8", "replace")) for part in book.namelist())
        return
    text = content if isinstance(content, str) else content.decode("utf-8", "replace")
    if name.endswith((".ipynb", ".json")):
        yield from _of_json(name, json.loads(text))
    else:
        yield name, text


def _of_json(name: str, document: Any) -> Iterator[tuple[str, str]]:
    """Yield the cells of a notebook as the author counts them, then all else."""
    cells = document.pop("cells") if name.endswith(".ipynb") else []
    number = 0
    for cell in cells:
        number += "injected-parameters" not in cell.get("metadata", {}).get("tags", ())
        yield f"{name}, cell {number}", "\n".join(_texts(cell))
        # Several outputs are read as one, whatever each was written to.
        if len(outputs := cell.get("outputs", ())) > 1:
            yield f"{name}, cell {number}", "".join(_shown(outputs))
    yield name, "\n".join(_texts(document))


def _shown(outputs: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield what each output of a cell shows, in order."""
    for output in outputs:
        data = output.get("data", {})
        yield from _texts(output.get("text", data.get("text/html", data.get("text/plain"))))


def _texts(value: Any) -> Iterator[str]:
    """Yield every text, key and number; a list of texts as one, as notebooks hold what has several lines."""
    if isinstance(value, dict):
        for key, held in value.items():
            yield key
            yield from _texts(held)
    elif isinstance(value, list) and all(isinstance(item, str) for item in value):
        yield "".join(value)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif value is not None:
        yield str(value)
