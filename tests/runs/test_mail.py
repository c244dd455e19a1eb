"""Mailing documents, to a real mail server with TLS and a login."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from ecombi.errors import BackendError, BackendUnavailable, ConfigurationError
from ecombi.runs.mail import Letter, MailServer, send
from tests.runs.post_office import ADDRESS, PASSWORD, certificate, post_office
from tests.servers import free_port

LETTER = Letter(
    number="20261101-060000-abcd.1",
    sender="reports@example.com",
    name="Zoé Müller",
    mail="zoe@example.com",
    at=datetime(2026, 11, 1, 6, tzinfo=UTC),
    subject="Daily sales: 2026-10-31",
    text="Daily sales is attached.\n",
    html="<p>Daily sales is attached.</p>",
    documents={"daily.pdf": b"%PDF-1.7 \x00\xff", "daily.html": "<h1>Grüße</h1>".encode()},
)


def server(url: str) -> MailServer:
    return MailServer.of(SecretStr(url))


@pytest.fixture
def trusted(tmp_path, monkeypatch):
    """Trust the certificate of the test's server, and no other."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


def test_a_letter_arrives_whole_by_starttls_after_a_login(tmp_path, trusted):
    with post_office(tmp_path) as office:
        send(LETTER, server(f"smtp://{ADDRESS}:{office.port}"))
    [letter] = office.letters
    assert office.safe == [True]
    assert letter["Subject"] == "Daily sales: 2026-10-31"
    assert letter["From"] == "ecombi <reports@example.com>"
    assert letter["To"] == "Zoé Müller <zoe@example.com>"
    assert letter["Message-ID"] == "<20261101-060000-abcd.1@ecombi>"
    assert letter["Date"].datetime == LETTER.at
    assert letter.get_body(("plain",)).get_content().strip() == "Daily sales is attached."
    assert letter.get_body(("html",)).get_content().strip() == "<p>Daily sales is attached.</p>"
    attached = {part.get_filename(): part for part in letter.iter_attachments()}
    assert {name: part.get_content_type() for name, part in attached.items()} == {
        "daily.pdf": "application/pdf",
        "daily.html": "text/html",
    }
    assert attached["daily.pdf"].get_payload(decode=True) == b"%PDF-1.7 \x00\xff"
    assert attached["daily.html"].get_payload(decode=True).decode() == "<h1>Grüße</h1>"


def test_a_letter_arrives_by_tls_from_the_first_byte(tmp_path, trusted):
    with post_office(tmp_path, at_once=True) as office:
        send(LETTER, server(f"smtps://127.0.0.1:{office.port}"))
    assert len(office.letters) == 1


def test_a_line_break_in_a_subject_cannot_begin_another_header(tmp_path, trusted):
    with post_office(tmp_path) as office:
        hostile = replace(LETTER, subject="Sales\r\nBcc: all@example.com")
        send(hostile, server(f"smtp://{ADDRESS}:{office.port}"))
    [letter] = office.letters
    assert letter["Bcc"] is None
    assert letter["Subject"] == "Sales Bcc: all@example.com"


def test_a_wrong_password_is_said_without_saying_it(tmp_path, trusted):
    with post_office(tmp_path) as office, pytest.raises(BackendError, match="refuses the login of shop@") as refused:
        send(LETTER, server(f"smtp://shop%40example.com:wrong-one@127.0.0.1:{office.port}"))
    assert "wrong-one" not in str(refused.value)
    assert office.letters == []


def test_without_tls_nothing_is_sent_and_no_password_is_told(tmp_path):
    with post_office(tmp_path, tls=False) as office, pytest.raises(BackendError, match="offers no STARTTLS"):
        send(LETTER, server(f"smtp://{ADDRESS}:{office.port}"))
    assert (office.letters, office.logins) == ([], [])


def test_a_relay_on_this_machine_needs_no_tls_and_no_login(tmp_path):
    with post_office(tmp_path, tls=False) as office:
        send(LETTER, server(f"smtp://127.0.0.1:{office.port}"))
    assert len(office.letters) == 1


def test_a_server_that_nobody_vouches_for_gets_nothing(tmp_path, monkeypatch):
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other" / "ca.pem"))
    certificate(tmp_path / "other")
    with post_office(tmp_path) as office, pytest.raises(BackendError, match="cannot be trusted"):
        send(LETTER, server(f"smtp://{ADDRESS}:{office.port}"))
    assert (office.letters, office.logins) == ([], [])


@pytest.mark.parametrize(("answer", "kind"), [("550 no such reader", BackendError), ("451 later", BackendUnavailable)])
def test_a_refusal_is_told_in_the_servers_words(tmp_path, trusted, answer, kind):
    with post_office(tmp_path) as office:
        office.refusals.append(answer)
        with pytest.raises(BackendError, match=answer[4:]) as refused:
            send(LETTER, server(f"smtp://{ADDRESS}:{office.port}"))
    assert type(refused.value) is kind


def test_a_server_that_is_not_there_can_be_tried_again():
    with pytest.raises(BackendUnavailable, match="cannot be reached"):
        send(LETTER, server(f"smtp://{ADDRESS}:{free_port()}"))


@pytest.mark.parametrize(
    "url", ["mail.example.com", "http://mail.example.com", "smtp://", "smtp://host:port", "smtp://[x"]
)
def test_an_address_that_names_no_server_is_refused(url):
    with pytest.raises(ConfigurationError, match=r"ECOMBI_SMTP_URL.*smtp://user:password@mail\.example\.com:587"):
        server(url)


def test_the_ports_are_the_usual_ones_and_the_password_is_never_shown():
    assert server("smtp://a.example").port == 587
    assert server("smtps://a.example").port == 465
    known = server(f"smtp://{ADDRESS}:25")
    assert known.password == PASSWORD
    assert PASSWORD not in repr(known)
