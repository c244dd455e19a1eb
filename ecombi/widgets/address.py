"""The address bar, and the rest of the page that no tile owns."""

from __future__ import annotations

from traitlets import Bool, Unicode

from ecombi.widgets.files import STATIC
from ecombi.widgets.panel import Acting


class Address(Acting):
    """Shows nothing itself. `query` is the part of the address after the question mark, in both directions.

    Once a minute, while the page is seen, it reports the action "look": is there anything new?
    """

    _esm = Unicode((STATIC / "address.js").read_text("utf-8")).tag(sync=True)
    query = Unicode().tag(sync=True)
    busy = Bool(False, help="Figures are on their way.").tag(sync=True)
    fresh = Unicode(help="How fresh the figures are, for the top bar.").tag(sync=True)
    fresh_title = Unicode(help="The same in full.").tag(sync=True)
