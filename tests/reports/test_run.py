"""Running a report: in this interpreter, nothing half-written, words when a cell fails. Real kernels throughout."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from ecombi.errors import NotebookFailed, ParameterError, ReportError, SecretLeaked
from ecombi.reports import ReportRun, find, run
from ecombi.reports.execution import attempt, execute
from ecombi.reports.listening import Listener
from ecombi.settings import load_settings
from tests.reports.conftest import WriteReport


def report_of(project: Path, out: Path, **values: object) -> ReportRun:
    """Run the tiny report for a workspace that is a plain folder."""
    return run(find("tiny", project), values, settings=load_settings(workspace=out / "shop"), out=out)


def test_a_report_is_a_notebook_with_outputs_and_a_document_without_code(
    write_report: WriteReport, tmp_path: Path
) -> None:
    project = write_report("print('the label is', label.upper())  # code nobody should see", "1 + 1")
    seen: list[tuple[str, float]] = []
    done = run(
        find("tiny", project),
        {"label": "given"},
        settings=load_settings(workspace=tmp_path),
        progress=lambda *step: seen.append(step),
    )

    assert (done.notebook, done.html) == (tmp_path / "reports/tiny.ipynb", tmp_path / "reports/tiny.html")
    html = done.html.read_text(encoding="utf-8")
    assert "the label is GIVEN" in html
    assert "<h1>Tiny</h1>" in html
    assert "code nobody should see" not in html
    cells = json.loads(done.notebook.read_text(encoding="utf-8"))["cells"]
    assert cells[-1]["outputs"][0]["data"]["text/plain"] in ("2", ["2"])
    assert done.cells == 5
    assert 0 < done.seconds < 60
    assert seen[-1] == ("report tiny", 1.0)
    assert done.record()["html"] == str(done.html)
    assert sorted(path.name for path in (tmp_path / "reports").iterdir()) == ["tiny.html", "tiny.ipynb", "tiny.json"]


HOSTILE_TEXTS = [
    "plain", "'", '"', '"""', "'''", "\\", "\\'", '\\"', "a\nimport os; os.abort()", "a\r\nos.abort()",
    "\u2028import os",
    "\u2029", "\x85x", "\x0c",
    "{label}", "{{label}}", "{0.__class__}", "$HOME", "${HOME}", "%(label)s", "#", "\x00", "\x1b[31m",
    "é ü 中 🙂", "</script><script>alert(1)</script>",
    '"; raise SystemExit #', "\\N{BULLET}", "\\u0027", "{% raw %}", "!ls", "%run x", "?",
]  # fmt: skip


def test_no_value_becomes_code(write_report: WriteReport, tmp_path: Path) -> None:
    # All hostile texts in one kernel, one per element; the notebook says what it got, code point by code point.
    project = write_report("print([[ord(c) for c in text] for text in texts])", parameters="texts: list[str] = []")
    done = report_of(project, tmp_path, texts=HOSTILE_TEXTS)
    cells = json.loads(done.notebook.read_text(encoding="utf-8"))["cells"]
    said = json.loads("".join(cells[-1]["outputs"][0]["text"]))
    assert ["".join(map(chr, text)) for text in said] == HOSTILE_TEXTS


def test_a_hostile_value_is_shown_as_text_in_the_document(write_report: WriteReport, tmp_path: Path) -> None:
    project = write_report("print(label)")
    html = report_of(project, tmp_path, label="<script>alert(1)</script>").html.read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script" not in html


def test_the_kernel_is_this_interpreter_and_sees_the_workspace(
    write_report: WriteReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Kernel specs of the user, a profile of the user, and files in the current folder: none may play a part.
    stranger = tmp_path / "jupyter" / "kernels" / "python3"
    stranger.mkdir(parents=True)
    (stranger / "kernel.json").write_text('{"argv": ["/bin/false"], "display_name": "x", "language": "python"}')
    profile = tmp_path / "ipython" / "profile_default" / "startup"
    profile.mkdir(parents=True)
    (profile / "00.py").write_text("raise SystemExit('startup file ran')")
    here = tmp_path / "here"
    here.mkdir()
    (here / "json.py").write_text("raise SystemExit('shadowed')")
    (here / "colorsys.py").write_text("raise SystemExit('shadowed')")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("ECOMBI_WORKSPACE", raising=False)
    monkeypatch.chdir(here)
    workspace = tmp_path / "a $HOME {shop}"
    project = write_report(
        "import colorsys, json, os, sys\nprint(json.dumps([sys.executable, os.environ['ECOMBI_WORKSPACE']]))"
    )

    done = run(find("tiny", project), {}, settings=load_settings(workspace=workspace), out=tmp_path / "{out}")

    cells = json.loads(done.notebook.read_text(encoding="utf-8"))["cells"]
    assert json.loads("".join(cells[-1]["outputs"][0]["text"])) == [sys.executable, str(workspace)]
    assert "ECOMBI_WORKSPACE" not in os.environ
    assert done.html.parent.name == "{out}"


def test_a_refused_value_starts_nothing_and_writes_nothing(write_report: WriteReport, tmp_path: Path) -> None:
    project = write_report("1")
    with pytest.raises(ParameterError):
        report_of(project, tmp_path / "out", lable="x")
    assert not (tmp_path / "out").exists()


def test_a_failing_cell_is_named_with_its_source_and_earlier_outputs_stay(
    write_report: WriteReport, tmp_path: Path
) -> None:
    project = write_report("print(label)", "ok = label != 'bad'\nassert ok, 'the label is bad'", "print('never')")
    good = report_of(project, tmp_path, label="good")
    before = good.html.read_bytes(), good.notebook.read_bytes()

    with pytest.raises(NotebookFailed) as caught:
        report_of(project, tmp_path, label="bad")

    # Counted as the author sees them: title, imports, parameters, print, assert.
    assert caught.value.cell == 5
    assert caught.value.source == "ok = label != 'bad'\nassert ok, 'the label is bad'"
    kept = tmp_path / "tiny.failed.ipynb"
    assert str(caught.value) == (
        "Report tiny: cell 5 failed: AssertionError: the label is bad\n\n"
        "    ok = label != 'bad'\n    assert ok, 'the label is bad'\n\n"
        f"The notebook up to there is kept as {kept}"
    )
    assert '"bad\\n"' in kept.read_text(encoding="utf-8")
    assert (good.html.read_bytes(), good.notebook.read_bytes()) == before

    report_of(project, tmp_path, label="good")
    assert sorted(path.name for path in tmp_path.glob("tiny*")) == ["tiny.html", "tiny.ipynb", "tiny.json"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os; os._exit(3)", "the kernel died"),
        ("raise SystemExit", "the notebook stopped itself before its end"),
        ("import sys; sys.exit(2)", "SystemExit: 2"),
        ("broken(", "SyntaxError"),
    ],
)
def test_a_notebook_that_does_not_reach_its_end_has_failed(
    write_report: WriteReport, tmp_path: Path, code: str, words: str
) -> None:
    with pytest.raises(NotebookFailed, match=words) as caught:
        report_of(write_report(code, "print('end')"), tmp_path)
    assert caught.value.source == code
    assert not (tmp_path / "tiny.html").exists()


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(what: object, seconds: float) -> bool:
    """Poll a condition."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():  # type: ignore[operator]
            return True
        time.sleep(0.05)
    return False


def test_a_report_past_its_deadline_is_killed_with_all_it_started(write_report: WriteReport, tmp_path: Path) -> None:
    # Four cells of 3 s each: a limit per cell would let them pass.
    pids = tmp_path / "pids"
    project = write_report(
        "import os, subprocess, time\nchild = subprocess.Popen(['sleep', '60'])\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')",
        *["time.sleep(3)"] * 4,
    )
    started = time.monotonic()
    with pytest.raises(NotebookFailed, match="was not done after 9 seconds") as caught:
        run(find("tiny", project), {}, settings=load_settings(workspace=tmp_path), out=tmp_path, deadline=9)
    assert time.monotonic() - started < 20
    assert caught.value.source == "time.sleep(3)"
    kernel, child = map(int, pids.read_text().split())
    assert wait_until(lambda: not alive(kernel) and not alive(child), 5)


def test_a_kill_in_mid_run_leaves_the_earlier_outputs_and_no_kernel(write_report: WriteReport, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    mark = f"import os, time\nopen({str(pid_file)!r}, 'w').write(str(os.getpid()))"
    project = write_report(f"{mark}\ntime.sleep(0 if label == 'good' else 60)")
    good = report_of(project, tmp_path, label="good")
    before = good.html.read_bytes(), good.notebook.read_bytes()
    pid_file.unlink()
    code = (
        "from pathlib import Path; from ecombi.reports import find, run; from ecombi.settings import load_settings\n"
        f"out, project = Path({str(tmp_path)!r}), Path({str(project)!r})\n"
        "run(find('tiny', project), {'label': 'slow'}, settings=load_settings(workspace=out / 'shop'), out=out)"
    )
    runner = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "TMPDIR": str(tmp_path)})
    assert wait_until(lambda: pid_file.exists() and pid_file.read_text(), 30)
    kernel = int(pid_file.read_text())
    assert alive(kernel)

    runner.send_signal(signal.SIGKILL)
    runner.wait()

    assert wait_until(lambda: not alive(kernel), 10)
    assert (good.html.read_bytes(), good.notebook.read_bytes()) == before
    assert sorted(path.name for path in tmp_path.glob("*tiny*")) == ["tiny.html", "tiny.ipynb", "tiny.json"]


def test_ctrl_c_stops_the_kernel_and_leaves_the_earlier_outputs(write_report: WriteReport, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    project = write_report(f"import os, time\nopen({str(pid_file)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)")
    (tmp_path / "tiny.html").write_text("earlier")
    code = (
        "from pathlib import Path; from ecombi.reports import find, run; from ecombi.settings import load_settings\n"
        f"out, project = Path({str(tmp_path)!r}), Path({str(project)!r})\n"
        "try: run(find('tiny', project), {}, settings=load_settings(workspace=out / 'shop'), out=out)\n"
        "except KeyboardInterrupt: raise SystemExit(130)"
    )
    runner = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "TMPDIR": str(tmp_path)})
    assert wait_until(lambda: pid_file.exists() and pid_file.read_text(), 30)
    runner.send_signal(signal.SIGINT)
    assert runner.wait(20) == 130
    assert not alive(int(pid_file.read_text()))
    assert (tmp_path / "tiny.html").read_text() == "earlier"


def test_the_as_of_day_reaches_the_notebook_and_the_name_of_its_outputs(
    write_report: WriteReport, tmp_path: Path
) -> None:
    yaml = "title: T\ndescription: D\nkey: [day]\nparameters: {day: {description: x, from_as_of: -1}}"
    project = write_report("print('day', day)", parameters="day: Day | None = None", yaml=yaml)
    done = run(
        find("tiny", project), {}, settings=load_settings(workspace=tmp_path), out=tmp_path, as_of=date(2026, 11, 1)
    )
    assert done.html.name == "tiny-2026-10-31.html"
    assert "day 2026-10-31" in done.html.read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_made_is_said_in_words(write_report: WriteReport, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match=r"cannot be written to .*file/out"):
        report_of(write_report("1"), tmp_path / "file" / "out")


def test_a_kernel_that_is_gone_before_the_first_cell_is_started_again(
    write_report: WriteReport, tmp_path: Path
) -> None:
    notebook = find("tiny", write_report("print('done')")).notebook
    tried = tmp_path / "tried"
    (tmp_path / "sitecustomize.py").write_text(
        f"import os\nif not os.path.exists({str(tried)!r}):\n    open({str(tried)!r}, 'w').close()\n    os._exit(1)\n"
    )
    executed = execute(notebook, {}, environment={"PYTHONPATH": str(tmp_path)}, deadline=60)
    assert tried.exists()
    assert "done" in str(executed.cells[-1].outputs)


def test_a_kernel_that_never_starts_is_said_so(write_report: WriteReport, tmp_path: Path) -> None:
    notebook = find("tiny", write_report("pass")).notebook
    (tmp_path / "sitecustomize.py").write_text("import os\nos._exit(1)\n")
    with pytest.raises(ReportError, match="kernel did not start"):
        execute(notebook, {}, environment={"PYTHONPATH": str(tmp_path)}, deadline=60)


class Heard(Listener):
    """Writes down what happens."""

    def __init__(self) -> None:
        self.said: list[tuple[object, ...]] = []

    def kernel_started(self, pid: int) -> None:
        self.said.append(("kernel", alive(pid)))

    def cell_started(self, cell: int, cells: int) -> None:
        self.said.append(("start", cell, cells))

    def cell_ended(self, cell: int, cells: int, seconds: float) -> None:
        self.said.append(("end", cell, cells, seconds >= 0))

    def printed(self, cell: int, line: str) -> None:
        self.said.append(("line", cell, line))


def test_what_happens_is_told_with_cells_counted_as_the_author_does(write_report: WriteReport, tmp_path: Path) -> None:
    notebook = find("tiny", write_report("print('one\\ntwo')\nprint('half', end='')", "1 / 0", "pass")).notebook
    heard = Heard()
    executed = attempt(notebook, {"label": "given"}, environment={}, deadline=60, listener=heard)
    assert executed.failure is not None
    assert executed.failure.cell == 5
    assert heard.said == [
        ("kernel", True),
        ("start", 2, 6), ("end", 2, 6, True),
        ("start", 3, 6), ("end", 3, 6, True),
        ("start", 4, 6), ("line", 4, "one"), ("line", 4, "two"), ("line", 4, "half"), ("end", 4, 6, True),
        ("start", 5, 6), ("end", 5, 6, True),
    ]  # fmt: skip


def test_several_threads_run_notebooks_at_once_also_under_an_event_loop(
    write_report: WriteReport, tmp_path: Path
) -> None:
    notebook = find("tiny", write_report("print(label)")).notebook

    def says(label: str) -> str:
        executed = execute(notebook, {"label": label}, environment={}, deadline=60)
        return str(executed.cells[-1].outputs[0].text)

    async def under_a_loop() -> str:
        return says("loop")

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(says, "abc")) == ["a\n", "b\n", "c\n"]
    assert asyncio.run(under_a_loop()) == "loop\n"


def test_a_report_that_shows_a_secret_fails_and_leaves_nothing(
    write_report: WriteReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECOMBI_SECRET_SHOP", "correct-horse-battery")
    project = write_report("from ecombi.reports import reveal\nprint(reveal('secret://shop')[::-1])")
    with pytest.raises(SecretLeaked, match="secret://shop") as caught:
        report_of(project, tmp_path / "out")
    assert "correct-horse" not in str(caught.value)
    assert list((tmp_path / "out").iterdir()) == []


def test_documents_that_a_run_does_not_make_are_not_left_beside_those_it_does(
    write_report: WriteReport, tmp_path: Path
) -> None:
    project = write_report("from ecombi.reports import report\nreport.publish(orders=2)")
    first = report_of(project, tmp_path)
    assert first.xlsx == tmp_path / "tiny.xlsx"
    assert json.loads(first.result.read_text())["figures"]["orders"]["value"] == "2"
    (tmp_path / "tiny.pdf").write_text("of some earlier run")
    second = report_of(write_report("pass"), tmp_path)
    assert (second.xlsx, second.pdf) == (None, None)
    assert sorted(path.name for path in tmp_path.glob("tiny*")) == ["tiny.html", "tiny.ipynb", "tiny.json"]
