"""Ten small reports through the runner, beside the papermill command line running the same ten notebooks one by one.

The runner checks parameters, records every run, forks kernels, makes HTML, workbook and result, looks for secrets,
and puts all in place whole; papermill executes and writes a notebook. Both load pandas and DuckDB in each notebook.
A PDF is left out: Chromium takes a second or two for it. The runner's imports are paid by a run before; the first line
says what they take.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from ecombi.backends.state import open_state
from ecombi.runs.record import State
from ecombi.runs.runner import Runner
from ecombi.runs.store import RunStore
from ecombi.settings import load_settings

COUNT = 10
WORKERS = 2
ROWS = 10_000


def write_project(folder: Path) -> Path:
    """Write ten reports of four code cells."""
    for name in ("notebooks/reports", "parameters/reports", "dashboards", "pipelines"):
        (folder / name).mkdir(parents=True)
    for number in range(COUNT):
        cells = [
            new_markdown_cell(f"# Report {number}"),
            new_code_cell("import duckdb\nimport pandas as pd\nfrom ecombi.reports import report"),
            new_code_cell("rows: int = 1", metadata={"tags": ["parameters"]}),
            new_code_cell("frame = pd.DataFrame({'n': range(rows)})\nframe['part'] = frame.n % 7"),
            new_code_cell(
                "found = duckdb.sql('SELECT part, sum(n)::BIGINT AS total FROM frame GROUP BY part').df()\nfound"
            ),
            new_code_cell("report.publish(total=int(found.total.sum()), by_part=found.sort_values('part'))"),
        ]
        notebook = new_notebook(
            cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        )
        nbformat.write(notebook, folder / "notebooks" / "reports" / f"report_{number}.ipynb")
        notes = f"title: Report {number}\ndescription: Adds up.\nparameters: {{rows: {{description: How many.}}}}\n"
        (folder / "parameters" / "reports" / f"report_{number}.yml").write_text(notes)
    return folder


def timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def through_the_runner(project: Path, folder: Path, *, fork: bool) -> tuple[float, float]:
    """Return the seconds of a first run, and of ten more."""
    settings = load_settings(workspace=folder / f"shop-{fork}", project=project)
    state = open_state(settings)
    runner = Runner(settings, RunStore(state), clock=lambda: datetime.now(UTC), pdf=False, fork=fork)

    def run(numbers: range) -> None:
        asked = [runner.request(f"report_{number}", {"rows": ROWS}, trigger="report")[0].run_id for number in numbers]
        ended = runner.run_all(asked, workers=WORKERS)
        assert all(one.state is State.SUCCEEDED for one in ended), [one.failure for one in ended]

    first, ten = timed(lambda: run(range(1))), timed(lambda: run(range(COUNT)))
    state.close()
    return first, ten


def by_papermill(project: Path, folder: Path) -> None:
    for number in range(COUNT):
        notebook = f"report_{number}.ipynb"
        subprocess.run(
            [
                *(sys.executable, "-m", "papermill", "--no-progress-bar", "-p", "rows", str(ROWS)),
                *(project / "notebooks" / "reports" / notebook, folder / notebook),
            ],
            check=True,
            stderr=subprocess.DEVNULL,
        )


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        project = write_project(folder / "project")
        first, forked = through_the_runner(project, folder, fork=True)
        _, plain = through_the_runner(project, folder, fork=False)
        print(f"the first report of a new process, imports included       {first:6.1f} s")
        print(f"ten reports, runner, forked kernels, {WORKERS} at once           {forked:6.1f} s")
        print(f"ten reports, runner, plain kernels, {WORKERS} at once            {plain:6.1f} s")
        if "--without-papermill" not in sys.argv:
            papermill = timed(lambda: by_papermill(project, folder))
            print(f"ten notebooks, papermill command line, one by one         {papermill:6.1f} s")
            print(f"papermill takes {papermill / forked:.1f} times as long")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
