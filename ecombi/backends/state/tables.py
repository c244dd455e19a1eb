"""The tables of the application database: what ecombi remembers about its own work, never figures of the shop."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

REVISION: Final = "0001"
"""Which migration leads to these tables."""

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class _NoTimeZone(ValueError, DontWrapMixin):
    """A moment that says nothing without a zone."""


class Instant(TypeDecorator[datetime]):
    """A moment: aware in Python, stored as UTC without a zone, so both engines order and compare it alike."""

    impl = DateTime(timezone=False)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn an aware moment into UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise _NoTimeZone(f"{value} has no time zone.")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn what is stored into an aware moment."""
        return None if value is None else value.replace(tzinfo=UTC)


class Words(TypeDecorator[str]):
    """Text that somebody else wrote: what a database cannot hold is replaced, so that no error hides another."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Replace zero bytes, which PostgreSQL refuses, and halves of surrogate pairs, which no encoding has."""
        return value and value.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _at_most_one(name: str, column: str, states: str) -> Index:
    """At most one run in one of these states per value of a column."""
    where = text(f"state IN ({states})")
    return Index(name, column, unique=True, sqlite_where=where, postgresql_where=where)


runs = Table(
    "runs",
    METADATA,
    Column("run_id", String(32), primary_key=True, comment="Sortable by time of request."),
    Column("report", Text, nullable=False),
    Column(
        "parameters", JSON, nullable=False, comment="Every declared parameter with its value; secrets as secret://."
    ),
    Column("stem", Text, nullable=False, comment="Name of the outputs without their ending."),
    Column("folder", Text, nullable=False, comment="Where the outputs are published to, absolute."),
    Column("identity", Text, comment="Row policy as JSON; null is the owner's."),
    Column("idempotency_key", Text, comment="At most one run that is not failed has it."),
    Column("concurrency_key", Text, nullable=False, comment="At most one running run has it."),
    Column("trigger", Text, nullable=False, comment="report, pipeline, schedule, backfill, retry or replay."),
    Column("source_run", String(32), comment="The run that this one retries or replays."),
    Column("state", String(12), nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0", comment="1 from the first start."),
    Column("attempts_allowed", Integer, nullable=False),
    Column("deadline_seconds", Integer, nullable=False, comment="For all attempts together, from the first start."),
    Column("memory_bytes", BigInteger, comment="Limit of the kernel and what it starts."),
    Column("requested_at", Instant, nullable=False),
    Column("not_before", Instant, comment="A retry waits until then."),
    Column("started_at", Instant),
    Column("ended_at", Instant),
    Column("cancel_requested_at", Instant),
    Column("host", Text),
    Column("runner_pid", Integer),
    Column("runner_started", Text, comment="Tells a process from a later one of the same number."),
    Column("kernel_pid", Integer),
    Column("seen_at", Instant, comment="When its runner last said that it is alive."),
    Column("cell", Integer, comment="The cell that runs, from 1 as the author counts."),
    Column("cells", Integer),
    Column("cell_started_at", Instant),
    Column("snapshot", Integer),
    Column("snapshot_at", Instant),
    Column("code_version", Text, comment="Hash of ecombi, the notebook and its YAML."),
    Column("lock_hash", Text, comment="Hash of the installed packages and their versions."),
    Column("outputs", JSON, comment="Kind -> path below the run's folder."),
    Column("error", Words, comment="What happened, in words; never a secret's value."),
    Column("error_kind", Words, comment="Name of the error's class, or lost."),
    Column("error_cell", Integer),
    Column("error_source", Words),
    CheckConstraint(
        "state IN ('queued', 'running', 'succeeded', 'failed', 'timed_out', 'cancelled')", name="known_state"
    ),
    _at_most_one("uq_runs_idempotency_key", "idempotency_key", "'queued', 'running', 'succeeded'"),
    _at_most_one("uq_runs_concurrency_key", "concurrency_key", "'running'"),
    Index("ix_runs_state", "state"),
    Index("ix_runs_report_requested_at", "report", "requested_at"),
)

run_events = Table(
    "run_events",
    METADATA,
    Column("event_id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("run_id", ForeignKey("runs.run_id", ondelete="CASCADE"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("kind", Text, nullable=False, comment="state, cell, output, error, note or mail."),
    Column("text", Words, nullable=False),
    Column("cell", Integer),
    Index("ix_run_events_run_id_event_id", "run_id", "event_id"),
    # A number is never given again, or a reader that follows the events would miss one.
    sqlite_autoincrement=True,
)

schedule_states = Table(
    "schedule_states",
    METADATA,
    Column("schedule", Text, primary_key=True, comment="Its name; * is the scheduler at work, until last_due."),
    Column("paused_at", Instant, comment="Null: not paused."),
    Column("last_due", Instant, comment="The latest due time that was acted on or given up."),
    Column("last_run", String(32), comment="What came of it: the number of a run, or a few words."),
)

run_spans = Table(
    "run_spans",
    METADATA,
    Column("report", Text, primary_key=True),
    Column("cell", Integer, primary_key=True, comment="0 is the whole run."),
    Column("seconds", JSON, nullable=False, comment="The latest times, newest last, ten at most."),
    comment="How long reports took, for saying what is expected.",
)
