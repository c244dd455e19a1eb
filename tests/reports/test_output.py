"""Files appear whole or not at all."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ecombi.reports.output import publish, publish_copies, publish_folder


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


def test_bytes_and_texts_are_written_as_they_are(tmp_path: Path) -> None:
    publish({tmp_path / "a.xlsx": b"PK\r\n\x00", tmp_path / "a.html": "é\r\n"})
    assert (tmp_path / "a.xlsx").read_bytes() == b"PK\r\n\x00"
    assert (tmp_path / "a.html").read_bytes() == "é\r\n".encode()


def test_a_folder_appears_with_all_its_files(tmp_path: Path) -> None:
    left = tmp_path / "runs" / ".r1"
    left.mkdir(parents=True)
    (left / "half.html").write_text("of a killed try")
    publish_folder(tmp_path / "runs" / "r1", {"report.html": "é", "report.pdf": b"%PDF"})
    assert {p.name: p.read_bytes() for p in (tmp_path / "runs" / "r1").iterdir()} == {
        "report.html": "é".encode(), "report.pdf": b"%PDF",
    }  # fmt: skip
    assert [p.name for p in (tmp_path / "runs").iterdir()] == ["r1"]
    with pytest.raises(FileExistsError):
        publish_folder(tmp_path / "runs" / "r1", {"report.html": "other"})
    assert (tmp_path / "runs" / "r1" / "report.html").read_text(encoding="utf-8") == "é"


def test_a_folder_that_cannot_be_filled_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        publish_folder(tmp_path / "r1", {"one": "new", "two": "\ud800"})
    with pytest.raises(OSError, match="such file"):
        publish_folder(tmp_path / "r1", {"../missing/one": "new"})
    assert list(tmp_path.iterdir()) == []


def test_copies_go_where_they_are_wanted(tmp_path: Path) -> None:
    publish_folder(tmp_path / "r1", {"report.html": "new", "report.xlsx": b"\x00"})
    out = tmp_path / "deep" / "reports"
    publish_copies(tmp_path / "r1", {"report.html": out / "sales.html", "report.xlsx": out / "sales.xlsx"})
    assert {p.name: p.read_bytes() for p in out.iterdir()} == {"sales.html": b"new", "sales.xlsx": b"\x00"}
    assert (tmp_path / "r1" / "report.html").exists()


KILLED = """
import sys
from pathlib import Path
from ecombi.reports.output import publish_folder
print("ready", flush=True)
for number in range(100_000):
    publish_folder(Path(sys.argv[1]) / f"r{number}", {f"file-{i}": "x" * 20_000 for i in range(5)})
"""


def test_a_kill_at_any_moment_leaves_no_half_folder(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    with process.stdout:
        while sum(1 for _ in tmp_path.iterdir()) < 20:
            assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    whole = [folder for folder in tmp_path.iterdir() if not folder.name.startswith(".")]
    assert len(whole) >= 19
    for folder in whole:
        assert [len(file.read_text()) for file in sorted(folder.iterdir())] == [20_000] * 5
