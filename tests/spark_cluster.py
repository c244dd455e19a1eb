"""A real Spark for tests: a standalone cluster of one master and two workers, all on 127.0.0.1."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from ecombi.settings import Settings
from tests.servers import free_port

_READY_SECONDS = 120
_SMALL = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"

CONF = {
    "spark.driver.extraJavaOptions": _SMALL,
    "spark.executor.extraJavaOptions": _SMALL,
    "spark.executor.memory": "512m",
    "spark.sql.shuffle.partitions": "2",
}
"""Spark's settings that start fast and stay small."""


@contextmanager
def cluster(workers: int = 2) -> Iterator[str]:
    """Run a standalone cluster with one core and 512 MB per worker; yields its URL, for example spark://127.0.0.1:4040.

    Raises:
        FileNotFoundError: pyspark or Java is not installed.
        TimeoutError: The workers did not register with the master.
    """
    folder = Path(tempfile.mkdtemp(prefix="ecombi-spark-"))
    try:
        with ExitStack() as running:
            port, page = free_port(), free_port()
            url = f"spark://127.0.0.1:{port}"
            ports = ["--port", str(port), "--webui-port", str(page)]
            running.enter_context(_daemon(folder, "master.Master", "--host", "127.0.0.1", *ports))
            for _ in range(workers):
                options = ["-c", "1", "-m", "512m", "-d", str(folder), "--host", "127.0.0.1", "--webui-port", "0", url]
                running.enter_context(_daemon(folder, "worker.Worker", *options))
            _wait(page, workers, folder)
            yield url
    finally:
        shutil.rmtree(folder)


@contextmanager
def _daemon(folder: Path, name: str, *options: str) -> Iterator[None]:
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": "256m"}
    environment |= {"SPARK_DAEMON_JAVA_OPTS": _SMALL, "SPARK_NO_DAEMONIZE": "1"}
    command = [_spark_class(), f"org.apache.spark.deploy.{name}", *options]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        yield
    finally:
        # A worker that is asked to end ends its executors too.
        process.terminate()
        process.wait(30)


def _spark_class() -> str:
    pyspark = find_spec("pyspark")
    if pyspark is None or pyspark.origin is None:
        raise FileNotFoundError("pyspark is not installed. Run 'make test-spark'.")
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise FileNotFoundError(
            "Java is not installed. Spark needs Java 17 or newer, for example openjdk-17-jre-headless."
        )
    return str(Path(pyspark.origin).parent / "bin" / "spark-class")


def _wait(page: int, workers: int, folder: Path) -> None:
    give_up = time.monotonic() + _READY_SECONDS
    while time.monotonic() < give_up:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{page}/json/", timeout=5) as answer:
                if json.load(answer)["aliveworkers"] == workers:
                    return
        except OSError:
            pass
        time.sleep(0.2)
    said = (folder / "log").read_text(errors="replace")[-2000:]
    raise TimeoutError(f"{workers} workers did not register within {_READY_SECONDS} seconds: {said}")


@pytest.fixture(scope="session")
def spark_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """DATABASE_URL of one Spark for the whole run: ECOMBI_TEST_SPARK_URL, or a cluster started for it.

    Spark allows one context per process, so every warehouse of the run shares this one; it stays up until the run
    ends, however many warehouses are closed. Tests that need another master must run in another process.
    """
    from ecombi.backends.warehouse.spark_context import CONTEXT

    with ExitStack() as running:
        url = os.environ.get("ECOMBI_TEST_SPARK_URL") or running.enter_context(cluster())
        tables = {"spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("spark-tables"))}
        CONTEXT.acquire(url.removeprefix("spark:") if url.startswith("spark:local") else url, {**CONF, **tables})
        running.callback(CONTEXT.release)
        yield url


@pytest.fixture(scope="session")
def spark_settings(spark_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of one workspace on the run's Spark: load it in a session fixture, then read it in every test.

    `open_warehouse(spark_settings)` or `Workspace(spark_settings)` both work; a test with data of its own takes
    `spark_settings.model_copy(update={"workspace": tmp_path})`. Mark such tests `spark`.
    """
    return Settings(workspace=tmp_path_factory.mktemp("spark"), database_url=spark_url, spark_conf=CONF)
