"""The one Spark context of this process: started for the first warehouse that reads, stopped after the last."""

from __future__ import annotations

import logging
import socket
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ecombi.errors import BackendError, BackendUnavailable, ConfigurationError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

_CONNECT_SECONDS = 5
_WAIT = "spark.ecombi.secondsWithoutWorker"
"""How often a query that is not done looks whether there is any worker for it."""

_DEFAULTS = {
    "spark.app.name": "ecombi",
    "spark.log.level": "ERROR",
    _WAIT: "60",
    "spark.sql.shuffle.partitions": "4",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
_LOOPBACK = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
"""Without these the driver listens on every interface even where nobody else needs to reach it."""


class SharedContext:
    """Spark allows one context per process, so every warehouse in it shares one.

    A context that somebody else in this process started is used, and never stopped.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._started: SparkSession | None = None

    def acquire(self, master: str, conf: Mapping[str, str]) -> SparkSession:
        """Return a session on the process's context, which is started where there is none; `release` it once.

        Raises:
            BackendUnavailable: The master does not answer.
            BackendError: This process already has a context on another master.
            ConfigurationError: pyspark or Java is not installed.
        """
        with self._lock:
            _require_pyspark()
            found = _existing()
            if found is None:
                found = self._started = _start(master, conf)
            elif found.sparkContext.master != master:
                raise BackendError(
                    f"This process already uses Spark on {found.sparkContext.master}, and Spark allows one master per "
                    f"process. Read {master} in another process."
                )
            self._users += 1
            return found

    def release(self) -> None:
        """Stop the context after its last user, unless somebody else started it."""
        with self._lock:
            self._users -= 1
            if self._users == 0 and self._started is not None:
                # Stopping one that is dead would stop the one that took its place.
                if is_alive(self._started):
                    self._started.stop()
                self._started = None


CONTEXT = SharedContext()


def _require_pyspark() -> None:
    try:
        from pyspark.logger import PySparkLogger
    except ImportError as error:
        raise ConfigurationError("The warehouse on Spark needs pyspark: pip install 'ecombi[spark]'.") from error
    # Spark prints each wrong statement with its whole stack trace, besides raising it.
    PySparkLogger.getLogger("SQLQueryContextLogger").disabled = True


def is_alive(session: SparkSession) -> bool:
    """Say whether the session can still be asked: its context may have lost its master, or have been stopped."""
    from py4j.protocol import Py4JError

    context = session.sparkContext._jsc
    try:
        return context is not None and not context.sc().isStopped()
    except (Py4JError, OSError):
        return False


@contextmanager
def querying(action: str, session: SparkSession) -> Iterator[None]:
    """Turn Spark's errors into a BackendError that begins with `action`.

    Raises:
        BackendUnavailable: Spark has stopped, or the cluster has no worker for this process: Spark itself would let
            the query wait for one for ever.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    ended, alone = threading.Event(), threading.Event()

    def watch(seconds: float) -> None:
        # Where Spark has gone, the query itself fails.
        with suppress(Py4JError, OSError):
            while not ended.wait(seconds):
                if is_alive(session) and _has_no_worker(session):
                    alone.set()
                    session.interruptAll()

    try:
        wait = float(session.sparkContext.getConf().get(_WAIT, _DEFAULTS[_WAIT]))
        threading.Thread(target=watch, args=[wait], daemon=True).start()
        yield
    except (PySparkException, Py4JError, OSError) as error:
        words = _words(str(error))
        if alone.is_set():
            raise BackendUnavailable(
                f"{action} failed: {session.sparkContext.master} gave this process no worker for {wait:g} "
                "seconds. Start one, or end the application that holds them."
            ) from error
        if is_alive(session):
            raise BackendError(f"{action} failed: {words}") from error
        raise BackendUnavailable(f"{action} failed, because Spark has stopped: {words}") from error
    finally:
        ended.set()


def _has_no_worker(session: SparkSession) -> bool:
    context = session.sparkContext
    # The driver counts as one; in process it does the work itself.
    return not context.master.startswith("local") and context._jsc.sc().getExecutorMemoryStatus().size() < 2


def _words(message: str) -> str:
    """The line that says what is wrong: the root cause comes last in a stack trace, and first before a plan."""
    lines = [line.strip(" :") for line in message.splitlines() if line.strip()]
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    told = [line for line in lines if not line.startswith("An error occurred while calling")]
    return next(iter([*causes[::-1], *told]), "no reason given")


def _existing() -> SparkSession | None:
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    if SparkContext._active_spark_context is None:
        return None
    session = SparkSession.builder.getOrCreate()
    if is_alive(session):
        return session
    # The JVM stopped it, for example because its master was lost.
    session.stop()
    return None


def _start(master: str, conf: Mapping[str, str]) -> SparkSession:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException, PySparkRuntimeError
    from pyspark.sql import SparkSession

    started = time.perf_counter()
    reached = _reach(master)
    loopback = {} if reached and not reached.startswith("127.") else _LOOPBACK
    builder = SparkSession.builder.master(master)
    for name, value in {**_DEFAULTS, **loopback, **conf}.items():
        builder = builder.config(name, value)
    try:
        # Spark warns of pandas 3, which nothing here hands to it.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            session = builder.getOrCreate()
    except PySparkRuntimeError as error:
        raise ConfigurationError(f"Spark needs Java 17 or newer, found by JAVA_HOME or PATH: {error}") from error
    except (PySparkException, Py4JError, OSError) as error:
        raise BackendUnavailable(f"Spark on {master} cannot be started: {_words(str(error))}") from error
    logger.info("started Spark on %s seconds=%.2f", master, time.perf_counter() - started)
    return session


def _reach(master: str) -> str | None:
    """Return our own address on the way to a cluster's master, None in process; Spark itself takes a minute to give up.

    Raises:
        BackendUnavailable: None of the master's addresses answers.
    """
    failed = ""
    for place in master.removeprefix("spark://").split(",") if master.startswith("spark://") else ():
        address = urlsplit(f"spark://{place}")
        try:
            with socket.create_connection((address.hostname, address.port or 7077), _CONNECT_SECONDS) as connection:
                return str(connection.getsockname()[0])
        except OSError as error:
            failed = error.strerror or str(error)
    if failed:
        raise BackendUnavailable(f"{master} cannot be reached: {failed}. Start the master, or correct DATABASE_URL.")
    return None
