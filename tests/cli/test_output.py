"""What the commands write: nothing exact becomes a float, stdout has the result and nothing else."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ecombi.cli.options import Format
from ecombi.cli.output import write
from tests.command import ecombi, records

ROWS = [
    {"kind": "sale", "amount": Decimal("9747747.9340"), "rows": 541909, "on": date(2011, 12, 9), "rate": None},
    {"kind": "fee, bank", "amount": Decimal("-0.0010"), "rows": 1, "on": date(2011, 1, 1), "rate": 0.5},
]


def test_json_keeps_every_digit(capsys):
    write(ROWS, Format.JSON)
    first, second = json.loads(capsys.readouterr().out)
    assert first == {"kind": "sale", "amount": "9747747.934", "rows": 541909, "on": "2011-12-09", "rate": None}
    assert second["amount"] == "-0.001"


def test_csv_quotes_what_needs_it(capsys):
    write(ROWS, Format.CSV)
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert rows[1]["kind"] == "fee, bank"
    assert rows[0]["amount"] == "9747747.934"


def test_table_lines_figures_up(capsys):
    write(ROWS, Format.TABLE)
    head, rule, first, second = capsys.readouterr().out.splitlines()
    assert first.split()[:3] == ["sale", "9,747,747.934", "541,909"]
    assert "-0.001" in second
    assert len(rule) == len(head)


def test_no_rows_is_said_in_a_table_and_is_an_empty_list_in_json(capsys):
    write([], Format.TABLE)
    write([], Format.JSON)
    assert capsys.readouterr().out == "No rows.\n[]\n"


def test_the_workspace_can_be_named_before_or_after_the_command(small_shop, tmp_path):
    after = records("ledger", workspace=small_shop)
    import subprocess
    import sys

    before = subprocess.run(
        [sys.executable, "-m", "ecombi", "--workspace", str(small_shop), "ledger", "--format", "json"],
        check=True, capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert json.loads(before.stdout) == after
    assert sum(row["rows"] for row in after) > 300


def test_quiet_writes_nothing_to_stdout(small_shop):
    done = ecombi(
        "load",
        "simulated",
        "--orders",
        "300",
        "--years",
        "0.25",
        "--seed",
        "5",
        "--end",
        "2026-11-01",
        "--quiet",
        workspace=small_shop,
    )
    assert done.returncode == 0
    assert done.stdout == ""


def test_a_reader_that_has_seen_enough_and_a_full_disk_are_told_apart(small_shop):
    command = [sys.executable, "-m", "ecombi", "ledger", "--workspace", str(small_shop)]
    reader, writer = os.pipe()
    os.close(reader)
    gone = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (gone.returncode, gone.stderr) == (0, "")
    with Path("/dev/full").open("w") as disk:
        full = subprocess.run(command, stdout=disk, stderr=subprocess.PIPE, text=True, check=False)
    assert (full.returncode, full.stderr) == (6, "error: The result cannot be written: No space left on device.\n")


def test_a_signal_within_a_query_ends_the_command_without_a_trace(monkeypatch, capsys):
    from ecombi.cli import app, main

    def interrupted() -> None:
        app.stopped_by.append(signal.SIGINT)
        raise RuntimeError("Query interrupted")

    monkeypatch.setattr(app, "app", interrupted)
    monkeypatch.setattr(app, "stopped_by", [])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code, capsys.readouterr().err) == (130, "")


def test_a_filter_that_nothing_fits_is_said_beside_the_result(small_shop):
    done = ecombi("query", "net_sales", "--where", "country=Germny", "--format", "json", workspace=small_shop)
    assert done.returncode == 0
    assert json.loads(done.stdout) == [{"net_sales": "0.00"}]
    assert "Did you mean 'Germany'" in done.stderr
