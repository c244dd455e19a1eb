"""Mails the documents of runs to their readers, each reader once."""

from __future__ import annotations

import html
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from email.errors import MessageError
from hashlib import sha256
from typing import Final

from ecombi.errors import EcombiError, Transient
from ecombi.metrics.policy import Identity
from ecombi.runs.mail import Letter, MailServer, send
from ecombi.runs.recipients import Recipient
from ecombi.runs.record import Event, Run, State
from ecombi.runs.store import RunStore
from ecombi.settings import Settings

logger = logging.getLogger(__name__)

MAIL: Final = "mail"
"""Kind of the events of a run that say who was sent it."""

_SENDING, _SENT, _NOT_SENT, _NOT_YET = "sending", "sent", "not sent", "not sent yet"
_MISSING: Final = "Its PDF could not be made this time."
_ATTACHED: Final = ("pdf", "html")


class Post:
    """Mails the documents of runs, and records in each run who was sent it.

    Args:
        settings: With the mail server, or without one: then nothing is sent, and the run says so.
        store: Where runs are recorded.
        clock: Gives the aware time.
    """

    def __init__(self, settings: Settings, store: RunStore, *, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock

    def deliver(self, run: Run, title: str, readers: Sequence[Recipient]) -> list[Recipient]:
        """Mail a succeeded run to its readers; whoever was sent it before is not sent it again.

        A letter that cannot be sent loses nothing: the run and its documents stay, and the reason stands in the run.

        Returns:
            Who has been sent it now.
        """
        return [reader for reader in readers if run.state is State.SUCCEEDED and self._send(run, title, reader)]

    def waiting(self, run: Run, readers: Sequence[Recipient]) -> list[Recipient]:
        """Return whose letter was not taken for a reason that may pass by itself."""
        said = {
            reader: [text for _, e in self._store.events(run.run_id) if (text := _said(e, reader))]
            for reader in readers
        }
        return [reader for reader, texts in said.items() if texts and texts[-1].startswith(_NOT_YET)]

    def _send(self, run: Run, title: str, reader: Recipient) -> bool:
        if self._settings.smtp_url is None:
            self._note(run, reader, f"{_NOT_SENT}: ECOMBI_SMTP_URL names no mail server. The report is in the folder.")
            return False
        if not self._first(run, reader):
            return False
        try:
            documents = self._documents(run)
            send(self._letter(run, title, reader, documents), MailServer.of(self._settings.smtp_url))
        except (EcombiError, OSError, ValueError, MessageError) as error:
            self._note(run, reader, f"{_NOT_YET if isinstance(error, Transient) else _NOT_SENT}: {error}")
            logger.warning("run %s was not mailed to one of its readers: %s", run.run_id, error)
            return False
        missing = f"; {_MISSING}" if self._lacks_pdf(run) else ""
        self._note(run, reader, f"{_SENT} {', '.join(documents)}{missing}")
        return True

    def _first(self, run: Run, reader: Recipient) -> bool:
        """Whether this is the one process that may send it; the numbers of the events decide."""
        mark = f"{_SENDING} {uuid.uuid4().hex[:12]}"
        if any(_said(event, reader).startswith((_SENDING, _SENT)) for event in self._since_refused(run, reader)):
            return False
        self._note(run, reader, mark)
        claims = [_said(event, reader) for event in self._since_refused(run, reader)]
        return next(said for said in claims if said.startswith(_SENDING)) == mark

    def _since_refused(self, run: Run, reader: Recipient) -> list[Event]:
        """Return what was noted of a reader after his letter was last refused for a while."""
        mine = [event for _, event in self._store.events(run.run_id) if _said(event, reader)]
        refused = [n for n, event in enumerate(mine) if _said(event, reader).startswith(_NOT_YET)]
        return mine[refused[-1] + 1 :] if refused else mine

    def _note(self, run: Run, reader: Recipient, text: str) -> None:
        self._store.note(run.run_id, MAIL, f"{reader.mail}: {text}", at=self._clock())

    def _lacks_pdf(self, run: Run) -> bool:
        """Whether a PDF was to be made and was not; the words of its warning are not for readers."""
        return "pdf" not in run.outputs and bool(self._store.warnings(run))

    def _documents(self, run: Run) -> dict[str, bytes]:
        """Read a run's own documents: what is in the reports folder may be a later run's."""
        folder = self._settings.workspace.absolute() / "runs" / run.run_id
        return {
            f"{_name(run)}.{kind}": (folder / run.outputs[kind]).read_bytes()
            for kind in _ATTACHED
            if kind in run.outputs
        }

    def _letter(self, run: Run, title: str, reader: Recipient, documents: Mapping[str, bytes]) -> Letter:
        values = {name: value for name, value in run.request.parameters.items() if value is not None}
        said = [f"{name}: {value}" for name, value in values.items()]
        opening = f"{title} is attached ({', '.join(name.rpartition('.')[2].upper() for name in documents)})."
        if self._lacks_pdf(run):
            opening = f"{opening} {_MISSING}"
        closing = f"Run {run.run_id}."
        rows = "".join(f"<li>{html.escape(line)}</li>" for line in said)
        return Letter(
            number=f"{run.run_id}.{sha256(reader.mail.encode()).hexdigest()[:16]}",
            sender=self._settings.mail_from,
            name=reader.name,
            mail=reader.mail,
            at=self._clock(),
            subject=": ".join([title, *filter(None, [_name(run).removeprefix(run.request.report).strip("-")])]),
            text="\n".join([opening, "", *said, "", closing, ""]),
            html=f"<p>{html.escape(opening)}</p><ul>{rows}</ul><p>{html.escape(closing)}</p>",
            documents=documents,
        )


def _said(event: Event, reader: Recipient) -> str:
    """Return what an event says of a reader's letter; empty where it is about something else."""
    mine = f"{reader.mail}: "
    return event.text.removeprefix(mine) if event.kind == MAIL and event.text.startswith(mine) else ""


def _name(run: Run) -> str:
    """Return what the documents are called; the hash of a policy, which keeps files apart, tells a reader nothing."""
    if run.request.identity is None:
        return run.request.stem
    return run.request.stem.removesuffix(f"-{Identity.from_json(run.request.identity).policy_hash}")
