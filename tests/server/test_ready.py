"""What is done before anybody looks: the dashboards are played through, and only what was written is kept."""

from __future__ import annotations

import os
from pathlib import Path

from ecombi.kernels.starting import Lease, Source, rehearse
from tests.kernels.conftest import open_files, starting, threads, until
from tests.reports.hand_shop import open_shop

LEARNED = "from ecombi.metrics.compiler import compile_shape; print(compile_shape.cache_info().currsize)"
SHOWN = """
from ecombi.dashboards.showing import build
from ecombi.workspace import open_workspace
before = compile_shape.cache_info()
page, _ = build("sales", open_workspace(), "country=FR")
after = compile_shape.cache_info()
print(after.misses - before.misses, after.hits > before.hits, "£" in page.picture)
"""


def test_a_page_finds_its_statements_written_by_a_process_that_never_connected(tmp_path: Path) -> None:
    environment = {"ECOMBI_WORKSPACE": str(open_shop(tmp_path / "shop"))}
    folder = tmp_path / "kernels"
    source = Source(trust="dashboards", environment={**os.environ, **environment}, folder=folder, linger=0.0)
    lease = Lease(source)
    with starting(folder) as start:

        def learned() -> int:
            return int(start(trust="dashboards", preload=None, env=environment).run(LEARNED))

        assert learned() == 0
        rehearse(source, tmp_path, patience=120)
        # It learns between other things: until there is no more.
        counts = [learned()]
        assert until(lambda: counts.append(learned()) or counts[-1] == counts[-2] > 0, 60)
        kernel = start(trust="dashboards", preload=None, env=environment)
        kernel.run(LEARNED)
        assert kernel.run(SHOWN) == "0 True True"
        assert kernel.parent == lease.process.pid
    pid = lease.process.pid
    assert [name for name in threads(pid) if name != "jemalloc_bg_thd"] == [threads(pid)[0]]
    assert not [name for name in open_files(pid) if "duckdb" in name or "memfd" in name]
    lease.end()
