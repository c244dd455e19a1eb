"""What is packed inside a text: pictures and archives written in base64, with what their own texts say."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from collections.abc import Iterator
from typing import Final

_PACKED: Final = re.compile(r"(?:[A-Za-z0-9+/]{60,}\s*)+[A-Za-z0-9+/]*={0,2}")
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_CHUNK: Final = struct.Struct(">I4s")
_MOST: Final = 1 << 24
"""Bytes that are unpacked at most: a small archive can hold a giant."""


def embedded(text: str) -> Iterator[str]:
    """Yield the bytes that are written in base64 in a text, and what is packed in them in turn, a letter per byte."""
    for found in _PACKED.finditer(text):
        written = "".join(found[0].split()).rstrip("=")
        raw = base64.b64decode(written[: len(written) - (len(written) % 4 == 1)] + "===")
        yield raw.decode("latin-1")
        for part in _packed(raw):
            yield part.decode("latin-1")


def _packed(raw: bytes) -> Iterator[bytes]:
    if raw.startswith(_PNG):
        yield from _texts_of_png(raw)
    elif raw[:2] == b"\x1f\x8b" or (raw[:1] == b"\x78" and int.from_bytes(raw[:2], "big") % 31 == 0):
        yield _inflated(raw)


def _texts_of_png(raw: bytes) -> Iterator[bytes]:
    """Yield the texts of a PNG that are packed; the others can be read as they are."""
    place = len(_PNG)
    while place + _CHUNK.size <= len(raw):
        size, kind = _CHUNK.unpack_from(raw, place)
        held = raw[place + _CHUNK.size : place + _CHUNK.size + size]
        if kind in (b"zTXt", b"iTXt"):
            # What is packed begins after a name, some marks and a language, each ended by a zero or of a fixed size.
            yield from (_inflated(held[start:]) for start in range(len(held)) if held[start : start + 1] == b"\x78")
        place += _CHUNK.size + size + 4


def _inflated(raw: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress(raw, _MOST)
    except zlib.error:
        return b""
