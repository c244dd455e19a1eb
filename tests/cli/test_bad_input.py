"""Bad input gets words a merchant understands, on stderr, and an exit code that says whose turn it is."""

from __future__ import annotations

import pytest

from ecombi.cli import main
from tests.command import ecombi, records

LINES = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("query", "net_sale"), 2, ["Unknown metric 'net_sale'", "Did you mean 'net_sales'"]),
        (("query", "net_sales", "--by", "contry"), 2, ["contry", "Did you mean 'country'"]),
        (("query", "net_sales", "--grain", "months"), 2, ["months", "Did you mean 'month'"]),
        (("query", "net_sales", "--from", "2026-10-01", "--to", "2026-10-01"), 2, ["has no day in it"]),
        (
            ("query", "net_sales", "--from", "2026-02-30", "--to", "2026-04-01"),
            2,
            ["2026-02-30", "not a day that exists"],
        ),
        (("query", "net_sales", "--from", "1.10.2026"), 2, ["1.10.2026", "YYYY-MM-DD"]),
        (("query", "net_sales", "--basis", "paid"), 2, ["paid", "booked"]),
        (("query", "net_sales", "--compare", "last_year"), 2, ["last_year", "year_ago"]),
        (("query", "net_sales", "--where", "country"), 2, ["dimension=value"]),
        (("metrics", "aovs"), 2, ["aovs", "Did you mean 'aov'"]),
        (("ledger", "--by", "colour"), 2, ["colour"]),
        (("ledger", "--where", "qty >>> 3"), 2, ["qty is a number", ">> 3"]),
        (("report", "daily_sale"), 2, ["daily_sale", "Did you mean 'daily_sales'"]),
        (("report", "daily_sales", "-p", "day"), 2, ["-p name=value"]),
        (("report", "daily_sales", "-p", "dya=2026-10-01"), 2, ["dya", "day"]),
        (("run", "nightli"), 2, ["nightli", "Did you mean 'nightly'"]),
        (("run", "nightly", "--as-of", ""), 2, ["'' is not a day"]),
        (("run", "nightly", "--as-of", "2026-02-30"), 2, ["2026-02-30", "not a day that exists"]),
        (("run", "weekly", "--as-of", "2020-01-01"), 2, ["before 2020-01-01", "to 2026-10-31"]),
        (("report", "daily_sales", "--as-of", ""), 2, ["'' is not a day"]),
        (("report", "daily_sales", "--as-of", "0001-01-01"), 2, ["0001-01-01", "end of the calendar"]),
        (("runs", "list", "--report", "daily_sale"), 2, ["daily_sale", "Did you mean 'daily_sales'"]),
        (("backfill", "daily_sale", "--from", "2026-10-01", "--to", "2026-10-03"), 2, ["Did you mean 'daily_sales'"]),
        (("schedule", "next", "no-such-schedule"), 2, ["There is no schedule 'no-such-schedule'"]),
        (("quarantine", "show", "--source", "simulatd"), 2, ["simulatd", "Did you mean 'simulated'"]),
        (("quarantine", "replay", "--source", "simulatd"), 2, ["simulatd", "Did you mean 'simulated'"]),
        (("load", "simulated", "--until", ""), 2, ["'' is not a day"]),
        (("load", "simulated", "--end", ""), 2, ["'' is not a day"]),
        (("load",), 2, ["ecombi load simulated"]),
        (("load", "online-retail"), 2, ["No file was named"]),
        (("load", "online-retail", "no-such-file.csv"), 3, ["no-such-file.csv", "No such file"]),
        (("load", "onlin-retail", "x.csv"), 2, ["onlin-retail", "Did you mean 'online-retail'"]),
        (("load", "simulated", "x.csv"), 2, ["reads no file"]),
        (("ledger", "--where", "qty starts 1"), 2, ["starts is for texts"]),
        (("ledger", "--where", "kind starts"), 2, ["starts needs a value"]),
        (("ledger", "--where", "kind known x"), 2, ["known takes no value"]),
        (("ledger", "--where", "amount>NaN"), 2, ["cannot be compared with 'NaN'"]),
        (("ledger", "--where", "qty>9999999999999999999999"), 2, ["cannot be compared"]),
        (("load", "--mapping", "nowhere.yml", "x.csv"), 2, ["nowhere.yml"]),
    ],
)
def test_the_message_says_what_is_wrong_and_what_would_work(small_shop, arguments, code, words, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["ecombi", *arguments, "--workspace", str(small_shop)])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert ended.value.code == code, said.err
    assert said.out == ""
    for word in words:
        assert word in said.err
    assert "Traceback" not in said.err


def test_a_missing_column_is_named_with_the_nearest_there_is(tmp_path):
    export = tmp_path / "lines.csv"
    export.write_text(
        LINES.replace("Quantity", "Quantitty")
        + "536365,85123A,HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n"
    )
    done = ecombi("load", "online-retail", export, workspace=tmp_path / "shop")
    assert done.returncode == 3
    assert "Quantity" in done.stderr
    assert "Quantitty" in done.stderr


def test_an_unreadable_date_is_held_back_with_its_row_and_the_format_that_works(tmp_path):
    export = tmp_path / "lines.csv"
    export.write_text(
        LINES
        + "536365,85123A,HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n"
        + "536366,71053,LANTERN,6,first of December,3.39,17850.0,United Kingdom\n"
    )
    done = ecombi("load", "online-retail", export, workspace=tmp_path / "shop")
    assert done.returncode == 0, done.stderr
    shown = ecombi("quarantine", "show", "--format", "csv", workspace=tmp_path / "shop").stdout
    assert "first of December" in shown
    assert ",2," in shown
    typo = ecombi("quarantine", "show", "--rule", "unreadable_datetme", workspace=tmp_path / "shop")
    assert (typo.returncode, typo.stdout) == (2, "")
    assert "Did you mean 'unreadable_datetime'?" in typo.stderr
    both = ("--rule", "unreadable_datetime", "--source", "cdnow")
    assert records("quarantine", "show", *both, workspace=tmp_path / "shop") == []


def test_nothing_loaded_yet_says_how_to_start(tmp_path):
    done = ecombi("query", "net_sales", workspace=tmp_path / "empty")
    assert done.returncode == 6
    assert "load" in done.stderr
    assert not (tmp_path / "empty").exists()


def test_a_server_that_does_not_answer_is_worth_another_try(tmp_path):
    env = {"DATABASE_URL": "postgresql://me:hunter2@127.0.0.1:1/shop"}
    done = ecombi("query", "net_sales", workspace=tmp_path / "shop", env=env)
    assert done.returncode == 75
    assert "127.0.0.1:1" in done.stderr
    assert "hunter2" not in done.stderr
