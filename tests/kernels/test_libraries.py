"""What people use in notebooks works in a kernel whose modules were imported by another process."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kernels.conftest import Kernel, Start, is_zygote, starting

PRELOADED = ["numpy", "pandas", "pyarrow.dataset", "duckdb", "sklearn.ensemble", "ipywidgets", "bqplot", "sqlalchemy"]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel with all of them imported."""
    with starting(tmp_path_factory.mktemp("libraries") / "kernels") as start:
        kernel = start(preload=PRELOADED)
        assert is_zygote(kernel.parent)
        assert kernel.run(f"import sys; print(set({PRELOADED}) <= set(sys.modules))") == "True"
        yield kernel


CASES = {
    "the default connection": (
        "import duckdb; print(duckdb.execute('SELECT sum(range) FROM range(1000000)').fetchone()[0])",
        "499999500000",
    ),
    "several threads of DuckDB": (
        """
        import duckdb
        c = duckdb.connect()
        c.execute("SET threads = 4")
        print(c.execute("SELECT count(DISTINCT range % 1000) FROM range(2000000)").fetchone()[0])
        """,
        "1000",
    ),
    "OpenBLAS": ("import numpy as np; a = np.ones((400, 400)); print((a @ a)[0, 0])", "400.0"),
    "threads of Arrow": (
        """
        import pyarrow as pa, pyarrow.parquet as pq, pyarrow.dataset as ds
        pq.write_table(pa.table({"x": range(100000)}), "x.parquet", row_group_size=1000)
        print(ds.dataset("x.parquet").to_table(use_threads=True).num_rows)
        """,
        "100000",
    ),
    "OpenMP": (
        """
        from sklearn.ensemble import HistGradientBoostingClassifier
        import numpy as np
        x = np.arange(2000).reshape(-1, 1)
        print(HistGradientBoostingClassifier(max_iter=20).fit(x, x[:, 0] > 999).predict([[10], [1990]]))
        """,
        "[False  True]",
    ),
    "pandas": ("import pandas as pd; print(pd.Series(range(5)).sum())", "10"),
    "a program": ("import subprocess; print(subprocess.check_output(['echo', 'out'], text=True))", "out"),
    "forked workers": (
        """
        import multiprocessing
        with multiprocessing.get_context("fork").Pool(2) as pool:
            print(sum(pool.map(abs, range(-9, 1))))
        """,
        "45",
    ),
    "a thread": ("import threading; t = threading.Thread(target=print, args=(7,)); t.start(); t.join()", "7"),
    "the loop": ("import asyncio; await asyncio.sleep(0); print('loop')", "loop"),
    "SQLAlchemy": (
        "import sqlalchemy as sa; print(sa.create_engine('sqlite://').connect().scalar(sa.text('SELECT 7')))",
        "7",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_works(kernel: Kernel, name: str, tmp_path: Path) -> None:
    code, printed = CASES[name]
    kernel.run(f"import os; os.chdir({str(tmp_path)!r})")
    assert kernel.run(textwrap.dedent(code)) == printed


def test_a_widget_reaches_the_browser_and_comes_back(kernel: Kernel) -> None:
    kernel.run("import ipywidgets as w; slider = w.IntSlider(3); kept = []; slider.observe(kept.append, 'value')")
    [model] = kernel.run("print(slider.model_id)").split()
    data = {"method": "update", "state": {"value": 8}, "buffer_paths": []}
    message = kernel.client.session.msg("comm_msg", {"comm_id": model, "data": data})
    kernel.client.shell_channel.send(message)
    assert kernel.run("print(slider.value, len(kept))") == "8 1"
    opened = "print(sorted(get_ipython().kernel.comm_manager.targets))"
    assert "jupyter.widget" in kernel.run(opened)


def test_a_figure_is_shown_inline(shared: Start) -> None:
    kernel = shared(preload=["matplotlib.pyplot"])
    shown: list[dict] = []
    answer = kernel.client.execute_interactive(
        "import matplotlib.pyplot as plt; plt.plot([1, 2])",
        output_hook=lambda m: shown.append(m["content"].get("data", {})),
        timeout=60,
    )
    assert answer["content"]["status"] == "ok"
    assert any("image/png" in data for data in shown)
