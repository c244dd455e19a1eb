"""Files appear whole or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ecombi.reports.output import publish


def test_files_are_replaced_whole(tmp_path: Path) -> None:
    one, two = tmp_path / "one.html", tmp_path / "two.ipynb"
    one.write_text("old")
    publish({one: "new é", two: "also\n"})
    assert (one.read_text(encoding="utf-8"), two.read_bytes()) == ("new é", b"also\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.html", "two.ipynb"]
    plain = tmp_path / "plain"
    plain.touch()
    assert stat.S_IMODE(one.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


@pytest.mark.parametrize("bad", ["not writable as UTF-8 \ud800", "folder"])
def test_when_one_file_cannot_be_written_none_is(tmp_path: Path, bad: str) -> None:
    one, two = tmp_path / "one.html", tmp_path / "two.ipynb"
    one.write_text("old")
    if bad == "folder":
        two.mkdir()
    with pytest.raises((UnicodeEncodeError, IsADirectoryError)):
        publish({one: "new", two: bad})
    assert one.read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} <= {"one.html", "two.ipynb"}
