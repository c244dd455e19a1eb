"""Settings come from the environment or .env, and never show a secret."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ecombi.errors import ConfigurationError
from ecombi.settings import Settings, load_settings


def test_environment_wins_over_env_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("ECOMBI_WORKSPACE=from-file\nECOMBI_KEEP_SNAPSHOTS=3\n")
    monkeypatch.setenv("ECOMBI_WORKSPACE", "from-environment")
    settings = load_settings()
    assert str(settings.workspace) == "from-environment"
    assert settings.keep_snapshots == 3


def test_explicit_value_wins_over_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("ECOMBI_WORKSPACE", "from-environment")
    assert load_settings(workspace=tmp_path).workspace == tmp_path


def test_wrong_value_names_the_variable(monkeypatch):
    monkeypatch.setenv("ECOMBI_KEEP_SNAPSHOTS", "none")
    with pytest.raises(ConfigurationError, match="ECOMBI_KEEP_SNAPSHOTS"):
        load_settings()


def test_a_password_is_never_shown(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hunter2@127.0.0.1/x")
    assert "hunter2" not in repr(load_settings())


def test_every_setting_is_described():
    for name, field in Settings.model_fields.items():
        assert field.description, name


def test_importing_ecombi_imports_nothing_heavy():
    code = "import ecombi, ecombi.cli, ecombi.errors, sys; print(*sys.modules)"
    modules = set(
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    )
    assert not modules & {"pandas", "numpy", "duckdb", "ibis", "papermill", "voila", "sqlalchemy", "pydantic"}
