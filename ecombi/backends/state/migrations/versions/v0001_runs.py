"""Runs of reports: what was asked for, what became of it, how long it took; and where schedules stand."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "run_spans",
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("cell", sa.Integer(), nullable=False, comment="0 is the whole run."),
        sa.Column("seconds", sa.JSON(), nullable=False, comment="The latest times, newest last, ten at most."),
        sa.PrimaryKeyConstraint("report", "cell", name=op.f("pk_run_spans")),
        comment="How long reports took, for saying what is expected.",
    )
    op.create_table(
        "runs",
        sa.Column("run_id", sa.String(length=32), nullable=False, comment="Sortable by time of request."),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column(
            "parameters",
            sa.JSON(),
            nullable=False,
            comment="Every declared parameter with its value; secrets as secret://.",
        ),
        sa.Column("stem", sa.Text(), nullable=False, comment="Name of the outputs without their ending."),
        sa.Column("folder", sa.Text(), nullable=False, comment="Where the outputs are published to, absolute."),
        sa.Column("identity", sa.Text(), comment="Row policy as JSON; null is the owner's."),
        sa.Column("idempotency_key", sa.Text(), comment="At most one run that is not failed has it."),
        sa.Column("concurrency_key", sa.Text(), nullable=False, comment="At most one running run has it."),
        sa.Column(
            "trigger", sa.Text(), nullable=False, comment="report, pipeline, schedule, backfill, retry or replay."
        ),
        sa.Column("source_run", sa.String(length=32), comment="The run that this one retries or replays."),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False, comment="1 from the first start."),
        sa.Column("attempts_allowed", sa.Integer(), nullable=False),
        sa.Column(
            "deadline_seconds", sa.Integer(), nullable=False, comment="For all attempts together, from the first start."
        ),
        sa.Column("memory_bytes", sa.BigInteger(), comment="Limit of the kernel and what it starts."),
        sa.Column("requested_at", sa.DateTime(), nullable=False),
        sa.Column("not_before", sa.DateTime(), comment="A retry waits until then."),
        sa.Column("started_at", sa.DateTime()),
        sa.Column("ended_at", sa.DateTime()),
        sa.Column("cancel_requested_at", sa.DateTime()),
        sa.Column("host", sa.Text()),
        sa.Column("runner_pid", sa.Integer()),
        sa.Column("runner_started", sa.Text(), comment="Tells a process from a later one of the same number."),
        sa.Column("kernel_pid", sa.Integer()),
        sa.Column("seen_at", sa.DateTime(), comment="When its runner last said that it is alive."),
        sa.Column("cell", sa.Integer(), comment="The cell that runs, from 1 as the author counts."),
        sa.Column("cells", sa.Integer()),
        sa.Column("cell_started_at", sa.DateTime()),
        sa.Column("snapshot", sa.Integer()),
        sa.Column("snapshot_at", sa.DateTime()),
        sa.Column("code_version", sa.Text(), comment="Hash of ecombi, the notebook and its YAML."),
        sa.Column("lock_hash", sa.Text(), comment="Hash of the installed packages and their versions."),
        sa.Column("outputs", sa.JSON(), comment="Kind -> path below the run's folder."),
        sa.Column("error", sa.Text(), comment="What happened, in words; never a secret's value."),
        sa.Column("error_kind", sa.Text(), comment="Name of the error's class, or lost."),
        sa.Column("error_cell", sa.Integer()),
        sa.Column("error_source", sa.Text()),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'succeeded', 'failed', 'timed_out', 'cancelled')",
            name=op.f("ck_runs_known_state"),
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_runs")),
    )
    op.create_index("ix_runs_report_requested_at", "runs", ["report", "requested_at"])
    op.create_index("ix_runs_state", "runs", ["state"])
    op.create_index(
        "uq_runs_concurrency_key",
        "runs",
        ["concurrency_key"],
        unique=True,
        **_where("state IN ('running')"),
    )
    op.create_index(
        "uq_runs_idempotency_key",
        "runs",
        ["idempotency_key"],
        unique=True,
        **_where("state IN ('queued', 'running', 'succeeded')"),
    )
    op.create_table(
        "schedule_states",
        sa.Column(
            "schedule", sa.Text(), nullable=False, comment="Its name; * is the scheduler at work, until last_due."
        ),
        sa.Column("paused_at", sa.DateTime(), comment="Null: not paused."),
        sa.Column("last_due", sa.DateTime(), comment="The latest due time that was acted on or given up."),
        sa.Column("last_run", sa.String(length=32), comment="What came of it: the number of a run, or a few words."),
        sa.PrimaryKeyConstraint("schedule", name=op.f("pk_schedule_states")),
    )
    op.create_table(
        "run_events",
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="state, cell, output, error, note or mail."),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("cell", sa.Integer()),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_run_events_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_run_events")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_run_events_run_id_event_id", "run_events", ["run_id", "event_id"])


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
