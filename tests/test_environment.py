"""environment.yml, the lock files and pyproject.toml name the same packages."""

from __future__ import annotations

import re
import tomllib

import yaml

from tests.conftest import ROOT

CONDA_NAMES = {"duckdb": "python-duckdb", "tzdata": "python-tzdata"}


def declared() -> dict[str, str]:
    """Return the run-time packages of pyproject.toml with their version ranges."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = {}
    for requirement in project["dependencies"]:
        name, _, versions = re.fullmatch(r"([a-z0-9-]+)(\[[a-z]+\])?(.*)", requirement).groups()
        found[name] = versions
    return found


def test_conda_environment_agrees_with_pyproject():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    conda = {}
    for line in environment["dependencies"]:
        if isinstance(line, str):
            name, versions = re.fullmatch(r"([a-z0-9-]+)(.*)", line).groups()
            conda[name] = versions
    conda.pop("pip")
    python = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert conda.pop("python") == python
    assert conda == {CONDA_NAMES.get(name, name): versions for name, versions in declared().items()}


def test_lock_has_every_declared_package_with_hashes():
    lock = (ROOT / "requirements" / "lock.txt").read_text()
    locked = set(re.findall(r"^([a-z0-9-]+)(?:\[[a-z]+\])?==", lock, flags=re.MULTILINE))
    assert declared().keys() <= locked
    assert lock.count("==") <= lock.count("--hash=sha256:")


def test_lock_files_name_no_address():
    for file in (ROOT / "requirements").glob("*.txt"):
        text = file.read_text()
        assert "://" not in text
        assert "index-url" not in text
        assert "find-links" not in text
