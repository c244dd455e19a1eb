"""Who is mailed a run: each reader once, and a letter that cannot be sent loses nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ecombi.backends.state import open_state
from ecombi.runs.post import MAIL, Post
from ecombi.runs.processes import this_process
from ecombi.runs.recipients import Recipient
from ecombi.runs.record import WARNING, Failure, Request, Run
from ecombi.runs.store import RunStore
from ecombi.settings import Settings, load_settings
from tests.runs.post_office import ADDRESS, PostOffice, post_office
from tests.servers import free_port

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
ZOE = Recipient(name="Zoé", mail="zoe@example.com", role="france")
BEA = Recipient(name="Bea", mail="bea@example.com", role="france")


@pytest.fixture
def office(tmp_path, monkeypatch):
    """A mail server that this process trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with post_office(tmp_path) as opened:
        yield opened


@pytest.fixture
def store(tmp_path):
    state = open_state(load_settings(workspace=tmp_path / "shop"))
    yield RunStore(state)
    state.close()


@pytest.fixture
def run(tmp_path, store) -> Run:
    """A run that has succeeded, with its documents."""
    folder = tmp_path / "shop" / "reports"
    asked, _ = store.add(request(folder), at=NOW)
    store.claim(asked.run_id, this_process(), at=NOW)
    documents = tmp_path / "shop" / "runs" / asked.run_id
    documents.mkdir(parents=True)
    (documents / "report.html").write_text("<h1>This run</h1>")
    # What people look at may be of another run by now.
    folder.mkdir(parents=True)
    (folder / "daily_sales-2026-10-31-abc.html").write_text("<h1>A later run</h1>")
    return store.succeed(asked.run_id, this_process(), at=NOW, outputs={"html": "report.html"})


def request(folder: Path) -> Request:
    return Request(
        report="daily_sales",
        parameters={"day": "2026-10-31", "top": 10, "note": None},
        stem="daily_sales-2026-10-31",
        folder=folder,
        trigger="schedule",
    )


def settings(tmp_path: Path, port: int | None) -> Settings:
    url = {} if port is None else {"smtp_url": f"smtp://{ADDRESS}:{port}"}
    return load_settings(workspace=tmp_path / "shop", mail_from="reports@example.com", **url)


def post(tmp_path: Path, store: RunStore, office: PostOffice | None) -> Post:
    return Post(settings(tmp_path, office.port if office else None), store, clock=lambda: NOW)


def told(store: RunStore, run: Run) -> list[str]:
    """What the run says about its letters, without the marks of who tried."""
    said = [event.text for _, event in store.events(run.run_id) if event.kind == MAIL]
    return [text.partition("sending")[0] + "sending" if "sending" in text else text for text in said]


def test_each_reader_is_sent_the_documents_of_that_very_run(tmp_path, store, office, run):
    sent = post(tmp_path, store, office).deliver(run, "Daily sales", [ZOE, BEA])
    assert sent == [ZOE, BEA]
    assert [letter["To"] for letter in office.letters] == ["Zoé <zoe@example.com>", "Bea <bea@example.com>"]
    letter = office.letters[0]
    assert letter["Subject"] == "Daily sales: 2026-10-31"
    [attached] = letter.iter_attachments()
    assert attached.get_filename() == "daily_sales-2026-10-31.html"
    assert attached.get_payload(decode=True) == b"<h1>This run</h1>"
    body = letter.get_body(("html",)).get_content()
    assert "day: 2026-10-31" in body
    assert "note" not in body
    assert told(store, run) == [
        "zoe@example.com: sending", "zoe@example.com: sent daily_sales-2026-10-31.html",
        "bea@example.com: sending", "bea@example.com: sent daily_sales-2026-10-31.html",
    ]  # fmt: skip


def test_a_letter_says_that_its_pdf_could_not_be_made(tmp_path, store, office, run):
    post(tmp_path, store, office).deliver(run, "Daily sales", [ZOE])
    store.note(run.run_id, WARNING, "There is no PDF: /usr/bin/chromium made no PDF.", at=NOW)
    post(tmp_path, store, office).deliver(run, "Daily sales", [BEA])
    said = [letter.get_body(("plain",)).get_content() for letter in office.letters]
    assert [text.count("Its PDF could not be made this time.") for text in said] == [0, 1]
    assert "/usr/bin" not in said[1]
    assert told(store, run)[-1].endswith("sent daily_sales-2026-10-31.html; Its PDF could not be made this time.")


def test_nobody_is_sent_the_same_run_twice(tmp_path, store, office, run):
    for _ in range(3):
        post(tmp_path, store, office).deliver(run, "Daily sales", [ZOE])
    assert len(office.letters) == 1


def test_eight_that_deliver_at_once_send_one_letter(tmp_path, store, office, run):
    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda _: post(tmp_path, store, office).deliver(run, "Daily sales", [ZOE]), range(8)))
    assert len(office.letters) == 1
    assert sum(map(len, sent)) == 1


def test_a_refused_letter_is_noted_and_sent_the_next_time(tmp_path, store, office, run):
    office.refusals.append("451 later")
    assert post(tmp_path, store, office).deliver(run, "Daily sales", [ZOE, BEA]) == [BEA]
    [_, refused, *_] = told(store, run)
    assert refused.startswith("zoe@example.com: not sent yet: The mail server 127.0.0.1:")
    assert "later" in refused
    assert post(tmp_path, store, office).waiting(run, [ZOE, BEA]) == [ZOE]
    assert store.get(run.run_id).state == "succeeded"
    assert post(tmp_path, store, office).deliver(run, "Daily sales", [ZOE, BEA]) == [ZOE]
    assert [letter["To"] for letter in office.letters] == ["Bea <bea@example.com>", "Zoé <zoe@example.com>"]


def test_a_letter_refused_for_good_is_not_sent_again(tmp_path, store, office, run):
    office.refusals.append("554 no")
    assert post(tmp_path, store, office).deliver(run, "Daily sales", [ZOE, BEA]) == [BEA]
    assert told(store, run)[1].startswith("zoe@example.com: not sent: The mail server 127.0.0.1:")
    assert post(tmp_path, store, office).waiting(run, [ZOE, BEA]) == []
    assert post(tmp_path, store, office).deliver(run, "Daily sales", [ZOE, BEA]) == []


def test_a_sender_that_no_letter_can_have_is_told_and_loses_nothing(tmp_path, store, office, run):
    wrong = settings(tmp_path, office.port).model_copy(update={"mail_from": "reports@example..com"})
    assert Post(wrong, store, clock=lambda: NOW).deliver(run, "Daily sales", [ZOE, BEA]) == []
    assert [text.partition(": ")[2][:8] for text in told(store, run)] == ["sending", "not sent"] * 2


def test_a_sender_that_was_killed_in_mid_letter_is_not_followed_by_another(tmp_path, store, office, run):
    # Whether the server had taken it is not known, and a second letter would be worse than none.
    store.note(run.run_id, MAIL, "zoe@example.com: sending 0123456789ab", at=NOW)
    assert post(tmp_path, store, office).deliver(run, "Daily sales", [ZOE]) == []
    assert office.letters == []


def test_without_a_mail_server_the_report_stays_and_the_run_says_so(tmp_path, store, run):
    assert post(tmp_path, store, None).deliver(run, "Daily sales", [ZOE]) == []
    [said] = told(store, run)
    assert said.startswith("zoe@example.com: not sent: ECOMBI_SMTP_URL names no mail server")


def test_a_server_that_is_away_loses_nothing(tmp_path, store, run):
    gone = PostOffice(port=free_port())
    assert post(tmp_path, store, gone).deliver(run, "Daily sales", [ZOE]) == []
    assert "cannot be reached" in told(store, run)[-1]


def test_a_run_that_failed_is_sent_to_nobody(tmp_path, store, office):
    asked, _ = store.add(request(tmp_path / "reports"), at=NOW)
    store.claim(asked.run_id, this_process(), at=NOW)
    failed = store.fail(asked.run_id, this_process(), Failure(kind="NotebookFailed", message="cell 3"), at=NOW)
    assert post(tmp_path, store, office).deliver(failed, "Daily sales", [ZOE]) == []
    assert office.letters == []
