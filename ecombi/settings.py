"""All settings: one frozen object, read from the environment or `.env`, each field described once."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from pydantic import AliasChoices, AwareDatetime, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ecombi.errors import ConfigurationError


class Settings(BaseSettings):
    """Everything an operator can set. Absent servers mean embedded ones."""

    model_config = SettingsConfigDict(
        frozen=True,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        populate_by_name=True,
    )

    workspace: Path = Field(
        default=Path("workspace"),
        validation_alias=AliasChoices("ECOMBI_WORKSPACE"),
        description="Folder that holds the shop: warehouse, raw files, report outputs.",
    )
    project: Path | None = Field(
        default=None,
        validation_alias=AliasChoices("ECOMBI_PROJECT"),
        description="Folder of notebooks/, dashboards/, pipelines/ and parameters/. Absent: those of ecombi.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("DATABASE_URL"),
        description="Warehouse: postgresql://user:password@host:5432/name, spark://host:7077 or spark:local[2]. "
        "Absent: DuckDB in the workspace.",
    )
    state_url: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("ECOMBI_STATE_URL"),
        description="Application database, where runs and schedules are recorded: postgresql://user:password@host:5432/"
        "name. Absent: a SQLite file in the workspace.",
    )
    snapshot: int | None = Field(
        default=None,
        ge=1,
        validation_alias=AliasChoices("ECOMBI_SNAPSHOT"),
        description="Read this published DuckDB snapshot and no later one. Absent: always the newest.",
    )
    known_at: AwareDatetime | None = Field(
        default=None,
        validation_alias=AliasChoices("ECOMBI_KNOWN_AT"),
        description="Every question is answered with what had been loaded by then, for example "
        "2026-11-01T06:00:00+00:00. Absent: with all there is.",
    )
    identity: str | None = Field(
        default=None,
        validation_alias=AliasChoices("ECOMBI_IDENTITY"),
        description='Whose eyes every question is asked with, as JSON: {"name": "france", "countries": ["FR"]}. '
        "Absent: the owner's, who sees everything.",
    )
    secrets_folder: Path | None = Field(
        default=None,
        validation_alias=AliasChoices("ECOMBI_SECRETS_FOLDER"),
        description="Folder with one file per secret that a report may name as secret://FILE. "
        "A variable ECOMBI_SECRET_NAME does the same.",
    )
    browser: Path | None = Field(
        default=None,
        validation_alias=AliasChoices("ECOMBI_BROWSER"),
        description="The Chromium that prints reports to PDF. Absent: the one on the path; without one, no PDF.",
    )
    pdf_required: bool = Field(
        default=False,
        validation_alias=AliasChoices("ECOMBI_PDF_REQUIRED"),
        description="true: a run that makes no PDF fails. false: it succeeds without; where the Chromium that is there "
        "made none, the run and the letters to its readers say so.",
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("ECOMBI_SMTP_URL"),
        description="Mail server for scheduled reports: smtp://user:password@host:587 (STARTTLS) or smtps://. "
        "Absent: reports are written, not sent.",
    )
    mail_from: str = Field(
        default="ecombi@localhost",
        validation_alias=AliasChoices("ECOMBI_MAIL_FROM"),
        description="Sender of scheduled reports.",
    )
    keep_runs_days: int = Field(
        default=90,
        ge=1,
        validation_alias=AliasChoices("ECOMBI_KEEP_RUNS_DAYS"),
        description="How many days the folders of runs are kept, with what replay needs.",
    )
    keep_snapshots: int = Field(
        default=5,
        ge=1,
        validation_alias=AliasChoices("ECOMBI_KEEP_SNAPSHOTS"),
        description="How many published DuckDB snapshots are kept.",
    )
    snapshot_grace_seconds: int = Field(
        default=600,
        ge=0,
        validation_alias=AliasChoices("ECOMBI_SNAPSHOT_GRACE_SECONDS"),
        description="A replaced snapshot is kept at least so many seconds after its successor was published.",
    )
    memory_limit: str = Field(
        default="600MB",
        pattern=r"^\d+(\.\d+)?\s?(KB|MB|GB|TB|KiB|MiB|GiB|TiB)$",
        validation_alias=AliasChoices("ECOMBI_MEMORY_LIMIT"),
        description="Memory DuckDB may use in a process that loads, for example 2GB; more spills to disk.",
    )
    reader_memory_limit: str = Field(
        default="600MB",
        pattern=r"^\d+(\.\d+)?\s?(KB|MB|GB|TB|KiB|MiB|GiB|TiB)$",
        validation_alias=AliasChoices("ECOMBI_READER_MEMORY_LIMIT"),
        description="Memory DuckDB may use in a process that asks for figures: each dashboard is one.",
    )
    spark_folder: Path | None = Field(
        default=None,
        validation_alias=AliasChoices("ECOMBI_SPARK_FOLDER"),
        description="Folder for the Parquet files that Spark reads, at the same path on every machine of the cluster. "
        "Absent: in the workspace.",
    )
    spark_conf: dict[str, str] = Field(
        default={},
        repr=False,
        validation_alias=AliasChoices("ECOMBI_SPARK_CONF"),
        description='Spark\'s own settings, as JSON: {"spark.executor.memory": "2g"}.',
    )
    dashboard_port: int = Field(
        default=8866,
        ge=0,
        le=65535,
        validation_alias=AliasChoices("ECOMBI_DASHBOARD_PORT"),
        description="Port of the dashboards on 127.0.0.1. 0: a free one.",
    )

    def environment(self) -> dict[str, str]:
        """Return the variables under which another process reads these very settings, secrets included."""
        variables = {}
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if value is not None and isinstance(field.validation_alias, AliasChoices):
                if isinstance(value, SecretStr):
                    value = value.get_secret_value()
                elif isinstance(value, Path):
                    value = value.resolve()
                elif isinstance(value, dict):
                    value = json.dumps(value)
                elif isinstance(value, datetime):
                    value = value.isoformat()
                variables[str(field.validation_alias.choices[0])] = str(value)
        return variables


def load_settings(**overrides: object) -> Settings:
    """Read the settings; `overrides` (by field name) win over the environment, which wins over `.env`.

    Raises:
        ConfigurationError: A value cannot be read; the message names the variable, never a secret's value.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # values are validated, not typed, here
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0])
        raise ConfigurationError(f"Setting {name}: {first['msg']}. Set it in the environment or in .env.") from None
