"""A secret is read in a kernel only; everybody else knows its name, and what must not get out."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from ecombi.errors import ReportError
from ecombi.reports.secrets import known_secrets, reveal
from ecombi.settings import Settings, load_settings


def settings(**given: object) -> Settings:
    """Settings of nothing but these."""
    return load_settings(**{"database_url": None, "smtp_url": None, "state_url": None, "spark_conf": {}, **given})


def test_a_secret_is_not_revealed_outside_a_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECOMBI_SECRET_MAIL", "correct horse battery")
    with pytest.raises(ReportError, match="can be read in the notebook of a report only") as caught:
        reveal("secret://mail")
    assert "horse" not in str(caught.value)


@pytest.mark.parametrize(
    "reference", ["mail", "secret://", "secret://../etc/passwd", "secret://Mail", "secret://a b", ""]
)
def test_what_names_no_secret_is_refused(reference: str) -> None:
    with pytest.raises(ReportError, match="A secret is named as secret://NAME"):
        reveal(reference)


KERNEL = """
from ecombi.reports import reveal
from ecombi.errors import ReportError
for name in ("from-file", "from_variable", "both", "short", "missing"):
    try:
        value = reveal(f"secret://{name}")
        print(name, len(value), value[0], value[-1])
    except ReportError as error:
        print(error)
"""


def test_a_kernel_reads_variables_and_files(tmp_path: Path) -> None:
    for name, value in {"from-file": "correct horse\n", "both": "of the file", "short": "1234567"}.items():
        (tmp_path / name).write_text(value)
    source = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(KERNEL)])
    folder, known = "ECOMBI_SECRETS_FOLDER", "Known: both, from-file, from_variable, short."
    variables = {
        folder: str(tmp_path),
        "ECOMBI_SECRET_FROM_VARIABLE": "Tr0ub4dor&3",
        "ECOMBI_SECRET_BOTH": "of the variable",
    }
    ran = NotebookClient(source, timeout=300).execute(env={**os.environ, **variables})
    assert ran.cells[0].outputs[0].text.splitlines() == [
        "from-file 13 c e",
        "from_variable 11 T 3",
        "both 15 o e",
        "The value of secret://short has less than 8 characters, so it cannot be guarded.",
        f"There is no secret missing: neither a variable ECOMBI_SECRET_MISSING nor a file missing in {folder}. {known}",
    ]


def test_every_secret_that_is_set_is_known_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "mail-password").write_text("of the file\n")
    (tmp_path / "api_key").write_text("0123456789abcdef")
    (tmp_path / "short").write_text("1234567")
    (tmp_path / ".hidden").write_text("not a secret of ours")
    (tmp_path / "folder").mkdir()
    environment = {
        "ECOMBI_SECRET_MAIL_PASSWORD": "of the variable",
        "ECOMBI_SECRET_OTHER": "of the variable too",
        "ECOMBI_SECRETS_FOLDER": str(tmp_path),
        "PATH": "/usr/bin:/bin",
    }
    assert known_secrets(settings(secrets_folder=tmp_path), environment) == {
        "secret://api_key": "0123456789abcdef",
        "secret://mail-password": "of the variable",
        "secret://other": "of the variable too",
    }


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("postgresql://shop:p%40ss%2Fword1@db.example:5432/shop", ["p@ss/word1"]),
        ("postgresql://shop:shopkeeper@db.example/shopkeeper", []),
        ("postgresql://postgres:postgres@db.example/shop", []),
        ("postgresql://shop:short@db.example/shop", []),
        ("postgresql://shop@db.example/shop?sslmode=require&sslpassword=correct+horse", ["correct horse"]),
        ("postgresql://shop@db.example/shop", []),
        ("spark://host:7077", []),
        ("spark:local[2]", []),
        ("postgresql://shop:longpassword@[broken/shop", ["postgresql://shop:longpassword@[broken/shop"]),
    ],
)
def test_the_passwords_inside_urls_are_known(url: str, found: list[str]) -> None:
    assert known_secrets(settings(database_url=url), {}) == dict.fromkeys(["DATABASE_URL"][: len(found)], *found)


def test_every_setting_that_holds_a_password_is_known() -> None:
    made = settings(
        smtp_url="smtp://me:mailmailmail@host:587",
        state_url="postgresql://me:statestate@host/db",
        spark_conf={"spark.ssl.keyPassword": "sparkling water", "spark.executor.memory": "200 gigabytes"},
    )
    assert known_secrets(made, {}) == {
        "ECOMBI_SMTP_URL": "mailmailmail",
        "ECOMBI_STATE_URL": "statestate",
        "spark.ssl.keyPassword of ECOMBI_SPARK_CONF": "sparkling water",
    }


def test_a_folder_that_cannot_be_read_is_an_error_and_no_silence(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"The folder of secrets .* cannot be read: No such file"):
        known_secrets(settings(secrets_folder=tmp_path / "missing"), {})
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ReportError, match="binary is not a text in UTF-8"):
        known_secrets(settings(secrets_folder=tmp_path), {})
