"""Mails documents: over TLS where the server is another machine, and whole or not at all."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from ecombi.errors import BackendError, BackendUnavailable, ConfigurationError

_SECONDS: Final = 30
_TYPES: Final = {".pdf": ("application", "pdf"), ".html": ("text", "html")}
_HERE: Final = {"127.0.0.1", "::1", "localhost"}
_EXAMPLE: Final = "Write smtp://user:password@mail.example.com:587 (STARTTLS) or smtps://user:password@mail.example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """A server that takes mail.

    Attributes:
        host: Its name.
        port: Its port.
        at_once: TLS from the first byte; otherwise the connection turns to TLS (STARTTLS).
        user: Who logs in; None: nobody.
        password: With it.
    """

    host: str
    port: int
    at_once: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, url: SecretStr) -> MailServer:
        """Read ECOMBI_SMTP_URL.

        Raises:
            ConfigurationError: It cannot be read; the message never shows it.
        """
        try:
            parts = urlsplit(url.get_secret_value())
            port = parts.port
        except ValueError:
            raise ConfigurationError(f"ECOMBI_SMTP_URL cannot be read. {_EXAMPLE}.") from None
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise ConfigurationError(f"ECOMBI_SMTP_URL names no mail server. {_EXAMPLE}.")
        return cls(
            host=parts.hostname,
            port=port or (465 if parts.scheme == "smtps" else 587),
            at_once=parts.scheme == "smtps",
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return f"the mail server {self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail with documents.

    Attributes:
        number: Tells it from every other one; a server that gets it twice can see that.
        sender: Address.
        name: Of the reader.
        mail: Address of the reader.
        at: When it is written, aware.
        subject: One line.
        text: The body for readers without HTML.
        html: The body.
        documents: File name -> content; what is no PDF or HTML is sent as plain bytes.
    """

    number: str
    sender: str
    name: str
    mail: str
    at: datetime
    subject: str
    text: str
    html: str
    documents: Mapping[str, bytes]

    def message(self) -> EmailMessage:
        """Return it as it is sent."""
        message = EmailMessage()
        message["Subject"] = " ".join(self.subject.split())
        message["From"] = Address("ecombi", addr_spec=self.sender)
        message["To"] = Address(self.name, addr_spec=self.mail)
        message["Date"] = format_datetime(self.at)
        message["Message-ID"] = f"<{self.number}@ecombi>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(self.text)
        message.add_alternative(self.html, subtype="html")
        for name, content in self.documents.items():
            kind, subtype = _TYPES.get(name[name.rfind(".") :], ("application", "octet-stream"))
            message.add_attachment(content, maintype=kind, subtype=subtype, filename=name)
        return message


def send(letter: Letter, server: MailServer) -> None:
    """Hand a letter to the server.

    Raises:
        BackendUnavailable: The server cannot be reached, or asks to be tried again; the letter was not taken.
        BackendError: The server refuses the login, the reader or the letter, or has no TLS.
    """
    with _translated(server), _connected(server) as connection:
        connection.send_message(letter.message())


@contextmanager
def _connected(server: MailServer) -> Iterator[smtplib.SMTP]:
    tls = ssl.create_default_context()
    if server.at_once:
        connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=_SECONDS, context=tls)
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=_SECONDS)
    with connection:
        connection.ehlo()
        if not server.at_once and connection.has_extn("starttls"):
            connection.starttls(context=tls)
            connection.ehlo()
        elif not server.at_once and (server.host not in _HERE or server.user):
            raise BackendError(
                f"{_capital(server.place)} offers no STARTTLS, so nothing was sent: everybody on the way could read it."
            )
        if server.user:
            connection.login(server.user, server.password or "")
        yield connection


@contextmanager
def _translated(server: MailServer) -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise BackendError(
            f"{_capital(server.place)} refuses the login of {server.user}. Check ECOMBI_SMTP_URL."
        ) from error
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        raise _refusal(code)(f"{_capital(server.place)} refuses the reader: {_text(said)}") from error
    except smtplib.SMTPResponseException as error:
        kind = _refusal(error.smtp_code)
        raise kind(f"{_capital(server.place)} refuses the mail: {_text(error.smtp_error)}") from error
    except ssl.SSLCertVerificationError as error:
        raise BackendError(
            f"The certificate of {server.place} cannot be trusted: {error.verify_message}. "
            "SSL_CERT_FILE names further authorities."
        ) from error
    except (OSError, smtplib.SMTPException) as error:
        raise BackendUnavailable(f"{_capital(server.place)} cannot be reached: {error}.") from error


def _refusal(code: int) -> type[BackendError]:
    return BackendUnavailable if 400 <= code < 500 else BackendError


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
