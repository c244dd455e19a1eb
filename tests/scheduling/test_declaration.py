"""What schedules.yml may say, and what is said about one that is wrong."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent, indent

import pytest

from ecombi.errors import ScheduleError
from ecombi.scheduling.declaration import named, read_schedules
from tests.conftest import ROOT

ROLES = """
roles:
  owner: {}
  france:
    countries: [FR]
"""


@pytest.fixture
def declare(tmp_path):
    """Write the schedules of a project that has ecombi's own reports and pipelines; returns them as read."""
    for name in ("notebooks", "pipelines"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "parameters", tmp_path / "parameters")
    (tmp_path / "parameters" / "roles.yml").write_text(ROLES)

    def write(entries: str, zone: str = "Europe/London"):
        text = "schedules:\n" + indent(dedent(entries).strip("\n"), "  ") + "\n"
        (tmp_path / "parameters" / "schedules.yml").write_text(text)
        return read_schedules(tmp_path, zone=zone)

    return write


def test_the_schedules_of_the_project_can_be_read():
    schedules = read_schedules(ROOT, zone="Europe/London")
    assert {"nightly", "hourly", "weekly"} <= set(schedules)
    assert schedules["hourly"].pause


def test_a_project_without_the_file_has_no_schedules(tmp_path):
    assert read_schedules(tmp_path, zone="UTC") == {}


def test_an_entry_says_what_when_and_for_whom(declare):
    schedule = declare("""
        - name: sales-france
          report: daily_sales
          parameters: {top: 5, day: 2026-10-31}
          cron: 0 7 * * mon-fri
          time_zone: Europe/Paris
          catch_up: all
          catch_up_limit: 3
          jitter: 60
          when: {data_ready: final, wait_hours: 3}
          overlap: cancel_running
          recipients:
            - {name: Zoé, mail: zoe@example.com, role: france}
    """)["sales-france"]
    assert schedule.parameters == {"top": 5, "day": "2026-10-31"}
    assert schedule.timetable.zone.key == "Europe/Paris"
    assert schedule.when.wait_hours == 3
    assert schedule.recipients[0].name == "Zoé"


def test_the_clocks_are_the_shops_where_none_are_named(declare):
    [schedule] = declare("- {name: a, pipeline: nightly, cron: 30 5 * * *}", zone="Asia/Tokyo").values()
    assert schedule.timetable.zone.key == "Asia/Tokyo"


def test_the_as_of_day_is_the_date_on_its_clocks(declare):
    [schedule] = declare("- {name: a, pipeline: nightly, cron: 30 5 * * *, time_zone: Asia/Tokyo}").values()
    # 20:30 UTC on the 4th is 05:30 on the 5th in Tokyo.
    assert schedule.as_of(datetime(2026, 11, 4, 20, 30, tzinfo=UTC)).isoformat() == "2026-11-05"


def test_jitter_differs_between_schedules_and_days_and_stays_within_its_limit(declare):
    schedules = declare("""
        - {name: a, pipeline: nightly, cron: 30 5 * * *, jitter: 300}
        - {name: b, pipeline: nightly, cron: 30 5 * * *, jitter: 300}
    """)
    due = [datetime(2026, 11, day, 5, 30, tzinfo=UTC) for day in range(1, 21)]
    delays = [(schedule.starts(at) - at) for schedule in schedules.values() for at in due]
    assert len(set(delays)) > 20
    assert all(timedelta(0) <= delay <= timedelta(seconds=300) for delay in delays)


GOOD = "report: daily_sales, cron: 30 5 * * *"


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{name: a, report: daily_sale, cron: 30 5 * * *}", ["entry 1 (a)", "daily_sale", "daily_sales"]),
        ("{name: a, pipeline: nightl, cron: 30 5 * * *}", ["nightl", "'nightly'"]),
        ("{name: a, cron: 30 5 * * *}", ["either a report or a pipeline"]),
        ("{name: a, report: daily_sales, pipeline: nightly, cron: 30 5 * * *}", ["not both"]),
        (f"{{name: A day, {GOOD}}}", ["entry 1 (A day)", "name", "pattern"]),
        ("{name: a, report: daily_sales}", ["entry 1 (a)", "cron", "required"]),
        ("{name: a, report: daily_sales, cron: 30 5 * *}", ["4 fields", "mon-fri"]),
        (f"{{name: a, {GOOD}, time_zone: Europe/Londn}}", ["Europe/Londn", "IANA"]),
        (f"{{name: a, {GOOD}, catchup: all}}", ["catchup", "no such key", "'catch_up'"]),
        (f"{{name: a, {GOOD}, catch_up: sometimes}}", ["catch_up", "'none'", "'last'"]),
        (f"{{name: a, {GOOD}, jitter: -1}}", ["jitter", "greater than or equal to 0"]),
        (f"{{name: a, {GOOD}, when: {{data_redy: day}}}}", ["when", "data_ready"]),
        (f"{{name: a, {GOOD}, parameters: {{tops: 3}}}}", ["tops", "'top'"]),
        (f"{{name: a, {GOOD}, parameters: {{top: many}}}}", ["top", "whole number"]),
        ("{name: a, pipeline: nightly, cron: 30 5 * * *, parameters: {top: 3}}", ["for a report"]),
        ("{name: a, pipeline: nightly, cron: 30 5 * * *, overlap: cancel_running}", ["skip or queue"]),
        (
            f"{{name: a, {GOOD}, recipients: [{{name: Z, mail: z@example.com, role: frances}}]}}",
            ["entry 1 (a)", "recipient Z", "frances", "'france'"],
        ),
        (
            f"{{name: a, {GOOD}, recipients: [{{name: Z, mail: nobody, role: france}}]}}",
            ["entry 1 (Z)", "'nobody' is no mail address"],
        ),
        (
            f"{{name: a, {GOOD}, recipients: [{{name: Z, mail: z@example..com, role: france}}]}}",
            ["entry 1 (Z)", "mail"],
        ),
        (
            f"{{name: a, {GOOD}, recipients: [{{name: Z, mail: z.@example.com, role: france}}]}}",
            ["entry 1 (Z)", "mail"],
        ),
        (f'{{name: a, {GOOD}, recipients: [{{name: "Z\\n", mail: z@example.com, role: france}}]}}', ["name"]),
        (
            (
                f"{{name: a, {GOOD}, recipients: [{{name: Y, mail: z@example.com, role: france}}, "
                "{name: Z, mail: z@example.com, role: owner}]}"
            ),
            ["z@example.com is named twice"],
        ),
        (f"{{name: a, {GOOD}, jitter: 5m}}", ["jitter", "whole number; it is '5m'"]),
        (f"{{name: a, {GOOD}, jitter: 1.5}}", ["jitter", "whole number; it is 1.5"]),
        (f"{{name: a, {GOOD}, pause: 'yes'}}", ["pause", "true or false; it is 'yes'"]),
        (f"{{name: a, {GOOD}, parameters: [top]}}", ["parameters", "keys with values"]),
        (f"{{name: a, {GOOD}, parameters: {{day: 2026-13-45}}}}", ["not readable as YAML", "month"]),
        (f"{{name: a, {GOOD}, parameters: {{[top]: 3}}}}", ["not readable as YAML"]),
        ("nightly", ["entry 1", "keys with values; it is 'nightly'"]),
        (f"{{name: a, name: b, {GOOD}}}", ["'name' stands there twice"]),
        (f"{{name: a, {GOOD}", ["not readable as YAML"]),
        ("[" * 5000, ["not readable as YAML"]),
    ],
)
def test_a_mistake_is_named_with_the_file_the_entry_and_what_would_work(declare, entry, words):
    with pytest.raises(ScheduleError) as refused:
        declare(f"- {entry}")
    for word in ["schedules.yml", *words]:
        assert word in str(refused.value)


def test_two_entries_of_one_name_are_refused(declare):
    with pytest.raises(ScheduleError, match=r"entry 2 \(a\): an earlier entry has this name"):
        declare(f"- {{name: a, {GOOD}}}\n- {{name: a, {GOOD}}}")


def test_a_schedule_nobody_declared_is_answered_with_the_nearest(declare):
    with pytest.raises(ScheduleError, match="Did you mean 'daily'"):
        named("dialy", declare(f"- {{name: daily, {GOOD}}}"))


def test_recipients_need_roles_that_can_be_read(declare, tmp_path):
    roles: Path = tmp_path / "parameters" / "roles.yml"
    entry = f"- {{name: a, {GOOD}, recipients: [{{name: Z, mail: z@example.com, role: norway}}]}}"
    # YAML takes NO for false: a policy that quietly meant something else would show too much or nothing.
    for said, words in (
        ("norway: {countries: [NO]}", "Put it in quotes"),
        ("norway: {countries: []}", "may see no country at all"),
        ("norway: {country: [SE]}", "'countries'"),
        ("norway: {hidden: [cost_amonut]}", "'cost_amount'"),
        ("norway: {allowed: {contry: [SE]}}", "'country'"),
    ):
        roles.write_text(f"roles:\n  {said}\n")
        with pytest.raises(ScheduleError) as refused:
            declare(entry)
        assert words in str(refused.value), said
        assert "roles.yml" in str(refused.value)
    roles.write_text('roles:\n  norway: {countries: ["NO"]}\n')
    assert declare(entry)["a"].recipients[0].role == "norway"
