"""How a text file is written, found by reading it once: its letters and its line ends."""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

_CHUNK = 1 << 20
_GZIP = b"\x1f\x8b"


def is_utf8(encoding: str) -> bool:
    """Say whether an encoding is UTF-8, or a part of it."""
    return encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig", "ascii")


def is_packed(path: Path) -> bool:
    """Say whether a file is compressed with gzip."""
    with path.open("rb") as handle:
        return handle.read(len(_GZIP)) == _GZIP


def encoding_of(path: Path, encodings: Sequence[str]) -> str:
    """Return the first of the encodings that the whole file can be written in; where none fits, the first.

    A file in UTF-8 with a few damaged letters is still one: other encodings do not happen to have its long letters.
    """
    if len(encodings) > 1:
        for encoding in encodings:
            with suppress(UnicodeError):
                for _ in _decoded(path, encoding, "strict"):
                    pass
                return encoding
            if is_utf8(encoding) and not all(text.isascii() for text in _decoded(path, encoding, "ignore")):
                return encoding
    return encodings[0]


def has_mixed_line_ends(path: Path) -> bool:
    """Say whether lines end in more than one way, within quotes or without: DuckDB expects one."""
    windows = unix = old = 0
    carry = b""
    for chunk in _blocks(path):
        block = carry + chunk
        # A pair may be torn apart by the end of a block.
        carry = block[-1:] if block.endswith(b"\r") else b""
        block = block[: len(block) - len(carry)]
        pairs = block.count(b"\r\n")
        windows, unix, old = windows + pairs, unix + block.count(b"\n") - pairs, old + block.count(b"\r") - pairs
    return sum(ends > 0 for ends in (windows, unix, old + len(carry))) > 1


def count_lines(path: Path) -> int:
    """Count the lines that are not empty, by the character that ends them."""
    opened = gzip.open if is_packed(path) else open
    with opened(path, "rb") as handle:
        return sum(1 for line in handle if line.strip(b"\r\n"))


def _decoded(path: Path, encoding: str, errors: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    for block in _blocks(path):
        yield decoder.decode(block)
    yield decoder.decode(b"", final=True)


def _blocks(path: Path) -> Iterator[bytes]:
    opened = gzip.open if is_packed(path) else open
    # A file that cannot be unpacked is answered where it is read.
    with suppress(gzip.BadGzipFile, EOFError), opened(path, "rb") as handle:
        while block := handle.read(_CHUNK):
            yield block
