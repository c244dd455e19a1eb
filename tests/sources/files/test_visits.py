"""Sessions out of raw events: the ordered funnel, exactly as a state machine walks it."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecombi.errors import MappingError
from ecombi.sources.files import FileSource, parse_mapping
from tests.etl.workbench import Workbench, counts

VISITS = """
name: shop
shop: {name: Shop, currency: EUR, time_zone: UTC}
files:
  - name: events
    columns:
      session: {from: session}
      user: user
      event: {from: event, required: true}
      at: {from: at, type: datetime}
      order: order
      bot: {from: bot, type: boolean}
    rows:
      - table: sessions
        one_per: session
        at: at
        steps:
          viewed_at: {event: view}
          added_at: {event: add}
          checkout_at: {event: {in: [checkout, express]}}
          completed_at: {event: purchase}
        set: {customer_id: user, order_id: order, channel: {value: Online store}, is_bot: bot}
"""
HEADER = "session,user,event,at,order,bot\n"
STEPS = ("viewed_at", "added_at", "checkout_at", "completed_at")
STEP_OF = {"view": 0, "add": 1, "checkout": 2, "express": 2, "purchase": 3}

Event = tuple[datetime, str]


def at(second: int) -> datetime:
    return datetime.fromisoformat("2026-03-01T10:00:00") + timedelta(seconds=second)


def walked(events: Iterable[Event], step_of: dict[str, int]) -> tuple[datetime | None, ...]:
    """Walk the events in order of time, and of the file where times are equal: one step at a time."""
    reached: list[datetime] = []
    for when, event in sorted(events, key=lambda one: one[0]):
        if step_of.get(event) == len(reached):
            reached.append(when)
    return (*reached, *[None] * (4 - len(reached)))


def lines(session: str, *events: tuple[str, int], user: str = "", order: str = "", bot: str = "") -> str:
    return "".join(f"{session},{user},{event},{at(second)},{order},{bot}\n" for event, second in events)


def steps(bench: Workbench, session: str) -> list[int | None]:
    (row,) = bench.rows(f"SELECT {', '.join(STEPS)} FROM sessions WHERE session_id = '{session}'")
    return [None if time is None else int((time - at(0)).total_seconds()) for time in row]  # type: ignore[operator]


HAND = {
    "every step": ([("home", 0), ("view", 1), ("add", 2), ("checkout", 3), ("purchase", 4)], [1, 2, 3, 4]),
    "the first of each": ([("view", 1), ("view", 2), ("add", 3), ("add", 4)], [1, 3, None, None]),
    "a skipped step": ([("view", 1), ("checkout", 2), ("purchase", 3)], [1, None, None, None]),
    "nothing seen": ([("add", 1), ("checkout", 2), ("purchase", 3)], [None, None, None, None]),
    "added before seen and again after": ([("add", 0), ("view", 1), ("add", 2)], [1, 2, None, None]),
    "back to the basket": ([("view", 1), ("add", 2), ("checkout", 3), ("add", 4), ("express", 5)], [1, 2, 3, None]),
    "out of order in the file": ([("add", 2), ("view", 1)], [1, 2, None, None]),
    "at one time and in order": ([("view", 1), ("add", 1), ("express", 1), ("purchase", 1)], [1, 1, 1, 1]),
    "at one time and out of order": ([("add", 1), ("view", 1), ("add", 2)], [1, 2, None, None]),
}


def test_a_step_counts_once_the_one_before_was_reached(bench: Workbench) -> None:
    bench.load_texts(VISITS, HEADER + "".join(lines(name, *events) for name, (events, _) in HAND.items()))
    assert {name: steps(bench, name) for name in HAND} == {name: expected for name, (_, expected) in HAND.items()}


sessions = st.lists(
    st.tuples(
        st.sampled_from(["s1", "s2", "s3"]),
        st.sampled_from(["home", *STEP_OF]),
        st.integers(min_value=0, max_value=6),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(events=sessions)
def test_any_events_give_what_a_state_machine_gives(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, str, int]]
) -> None:
    path = tmp_path_factory.mktemp("events") / "events.csv"
    path.write_text(HEADER + "".join(lines(session, (event, second)) for session, event, second in events))
    (delivery,) = FileSource(parse_mapping(VISITS, "shop.yml"), [path]).deliveries()
    with duckdb.connect() as connection:
        (output,) = delivery.stage(connection).outputs
        found = connection.execute(
            f"SELECT session_id, started_at, ended_at, {', '.join(STEPS)} FROM {output.relation}"
        ).fetchall()
        parts = connection.execute(f"SELECT source_row, session_id FROM {output.parts} ORDER BY 1").fetchall()
    by_session: dict[str, list[Event]] = defaultdict(list)
    for session, event, second in events:
        by_session[session].append((at(second), event))
    assert sorted(found) == sorted(
        (session, min(mine)[0], max(mine)[0], *walked(mine, STEP_OF)) for session, mine in by_session.items()
    )
    assert parts == [(number, session) for number, (session, _, _) in enumerate(events, 1)]


def test_of_other_columns_the_first_value_in_time_counts(bench: Workbench) -> None:
    content = (
        lines("s1", ("view", 5), user="late", order="")
        + lines("s1", ("home", 1), user="")
        + lines("s1", ("home", 2), user="early", order="O1", bot="yes")
        + lines("s1", ("home", 3), user="other", order="O2", bot="no")
        + lines("s2", ("home", 3), bot="no")
        + lines("s3", ("home", 3))
    )
    bench.load_texts(VISITS, HEADER + content)
    assert bench.rows("SELECT session_id, customer_id, order_id, channel, is_bot FROM sessions ORDER BY 1") == [
        ("s1", "early", "O1", "Online store", True),
        ("s2", None, None, "Online store", False),
        ("s3", None, None, "Online store", None),
    ]


def test_every_event_is_accounted_for(bench: Workbench) -> None:
    whole = lines("s1", ("view", 1), ("add", 2)) + lines("s2", ("home", 1))
    bad = lines("", ("view", 1)) + "s3,,view,soon,,\n"
    assert counts(bench.load_texts(VISITS, HEADER + whole + bad)) == [(5, 3, 0, 2)]
    assert bench.rows("SELECT rule, column_name FROM quarantine ORDER BY source_row") == [
        ("missing_value", "session"),
        ("unreadable_datetime", "at"),
    ]
    assert bench.value("SELECT count(*) AS n FROM sessions") == 2


def test_a_session_with_more_events_is_a_new_version_and_others_are_known(bench: Workbench) -> None:
    bench.load_texts(VISITS, HEADER + lines("s1", ("view", 1), ("add", 2)) + lines("s2", ("home", 1)))
    more = lines("s1", ("view", 1), ("add", 2), ("checkout", 3)) + lines("s2", ("home", 1)) + lines("s4", ("home", 9))
    assert counts(bench.load_texts(VISITS, HEADER + more)) == [(5, 4, 1, 0)]
    assert steps(bench, "s1") == [1, 2, 3, None]
    assert bench.rows("SELECT session_id, checkout_at, replaced_by FROM sessions_history") == [("s1", None, 2)]


PARTS = {
    "its beginning": ([1, 2, None, None], [("view", 1), ("add", 2)]),
    "its end": ([None, None, None, None], [("checkout", 3), ("purchase", 4)]),
    "its middle": ([None, None, None, None], [("add", 2), ("checkout", 3)]),
}
WHOLE = [("view", 1), ("add", 2), ("checkout", 3), ("purchase", 4)]


@pytest.mark.parametrize(("alone", "part"), PARTS.values(), ids=PARTS)
def test_the_whole_visit_counts_whichever_file_comes_first(
    bench: Workbench, alone: list[int | None], part: list[tuple[str, int]]
) -> None:
    bench.load_texts(VISITS, HEADER + lines("part first", *part) + lines("whole first", *WHOLE))
    assert steps(bench, "part first") == alone
    second = HEADER + lines("part first", *WHOLE) + lines("whole first", *part)
    assert counts(bench.load_texts(VISITS, second)) == [(4 + len(part), 4, len(part), 0)]
    assert steps(bench, "part first") == steps(bench, "whole first") == [1, 2, 3, 4]


def test_two_parts_of_a_visit_are_not_put_together(bench: Workbench) -> None:
    bench.load_texts(VISITS, HEADER + lines("s1", ("view", 1), ("add", 2)))
    later, other = lines("s1", ("add", 2), ("checkout", 3)), lines("s2", ("view", 9))
    assert counts(bench.load_texts(VISITS, HEADER + later + other)) == [(3, 1, 0, 2)]
    assert steps(bench, "s1") == [1, 2, None, None]
    assert bench.rows("SELECT DISTINCT rule, value FROM quarantine") == [("torn_visit", "s1")]
    earlier = HEADER + lines("s1", ("home", 0), ("view", 1))
    assert counts(bench.load_texts(VISITS, earlier)) == [(2, 0, 0, 2)]


def test_events_held_back_come_out_with_their_session(bench: Workbench) -> None:
    strict = VISITS.replace("user: user", "user: {from: user, type: integer}")
    bench.load_texts(strict, HEADER + lines("s1", ("view", 1), ("add", 2), user="Ann"))
    assert bench.value("SELECT count(*) AS n FROM sessions") == 0
    assert counts(bench.replay(FileSource(parse_mapping(VISITS, "shop.yml")))) == [(2, 2, 0, 0)]
    assert steps(bench, "s1") == [1, 2, None, None]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("        at: at\n", "", "steps are for the table sessions, with one_per: the session, and at"),
        ("        one_per: session\n", "", "steps are for the table sessions"),
        ("table: sessions", "table: payments", "There is no column of payments to set: 'customer_id'."),
        ("          viewed_at: {event: view}\n", "", "steps › viewed_at: This key is missing."),
        ("customer_id: user", "started_at: at", "started_at is worked out from the events; do not set it."),
        ("customer_id: user", "customer_id: {most_frequent: user}", "Of a session's events the first value counts"),
        ("completed_at:", "bought_at:", "Unknown key 'bought_at'."),
    ],
)
def test_a_mistake_in_the_steps_is_answered_in_words(old: str, new: str, message: str) -> None:
    assert old in VISITS
    with pytest.raises(MappingError) as error:
        parse_mapping(VISITS.replace(old, new), "shop.yml")
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("one_per: session", "one_per: sesion", "there is no column 'sesion'. Did you mean 'session'?"),
        (
            "        at: at\n",
            "        at: user\n",
            "a value of type text cannot be put here; it takes datetime or date.",
        ),
        ("{event: add}", "{evnt: add}", "there is no column 'evnt'. Did you mean 'event'?"),
    ],
)
def test_a_column_that_does_not_exist_is_found_before_any_file_is_opened(old: str, new: str, message: str) -> None:
    with pytest.raises(MappingError) as error:
        FileSource(parse_mapping(VISITS.replace(old, new), "shop.yml"), [Path("not-looked-at.csv")])
    assert message in str(error.value)


@pytest.mark.real_data
def test_a_published_clickstream_walks_as_the_state_machine(real_data: Path, bench: Workbench) -> None:
    file = real_data / "clickstream" / "ecom.csv.gz"
    # 31,106 events of 600 users in 3,605 sessions, 470 of them purchases: the publisher's own figures.
    (report,) = bench.load_named("clickstream", file)
    assert counts([report]) == [(31_106, 31_106, 0, 0)]
    assert bench.rows("SELECT count(*) AS n, count(DISTINCT customer_id) AS u FROM sessions") == [(3_605, 600)]
    by_session: dict[str, list[Event]] = defaultdict(list)
    with gzip.open(file, "rt", encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            by_session[row["session_id"]].append((datetime.fromisoformat(row["timestamp"]), row["event"]))
    step_of = {"product_view": 0, "add_to_cart": 1, "shipping_details": 2, "purchase": 3}
    found = bench.rows(f"SELECT session_id, started_at, ended_at, {', '.join(STEPS)} FROM sessions ORDER BY 1")
    assert found == [
        (session, min(mine)[0], max(mine)[0], *walked(mine, step_of)) for session, mine in sorted(by_session.items())
    ]
    completed = sum(row[-1] is not None for row in found)
    assert 0 < completed <= 470
