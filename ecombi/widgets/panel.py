"""HTML on the page that reports what the reader presses."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import anywidget
from markupsafe import Markup
from traitlets import Unicode

from ecombi.widgets.files import STATIC

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Action:
    """Something the reader pressed or chose.

    Attributes:
        do: What to do, the control's `data-do`.
        name: On what, its `data-name`.
        values: What was chosen: one text for a button, all of them for a group of boxes or a form.
    """

    do: str
    name: str
    values: tuple[str, ...]

    @property
    def value(self) -> str:
        """The one value, or nothing."""
        return self.values[0] if self.values else ""


def read_action(content: object) -> Action | None:
    """Read what a browser sent, or None where it is not an action: a browser may send anything."""
    if not isinstance(content, dict):
        return None
    do, name, value = content.get("do"), content.get("name", ""), content.get("value", "")
    values = value if isinstance(value, list) else [value]
    if not isinstance(do, str) or not isinstance(name, str) or not all(isinstance(one, str) for one in values):
        return None
    return Action(do=do, name=name, values=tuple(values))


class Acting(anywidget.AnyWidget):
    """A widget that reports actions."""

    def on_action(self, callback: Callable[[Action], None]) -> None:
        """Call `callback` with each action."""

        def receive(_widget: object, content: object, _buffers: object) -> None:
            action = read_action(content)
            if action is None:
                logger.warning("ignored a message that is no action")
            else:
                callback(action)

        self.on_msg(receive)


class Panel(Acting):
    """Shows `html`, changed in place, and reports what is pressed in it.

    Controls are elements with `data-do` (and `data-name`, `data-value`); a fieldset with `data-do` sends its ticked
    boxes, a form its inputs. Nothing else in the HTML reaches the kernel.
    """

    _esm = Unicode((STATIC / "panel.js").read_text("utf-8")).tag(sync=True)
    html = Unicode().tag(sync=True)
    label = Unicode(help="Name of the tile around it, for screen readers; empty where the HTML has one itself.").tag(
        sync=True
    )

    @property
    def markup(self) -> Markup:
        """What is shown."""
        return Markup(self.html)  # noqa: S704 - only `show` sets it, to markup

    def show(self, html: Markup) -> None:
        """Replace what is shown."""
        self.html = str(html)

    def download(self, name: str, text: str) -> None:
        """Hand the browser a text file to save."""
        self.send({"download": {"name": name, "text": text}})

    def fill(self, place: str, text: str) -> None:
        """Put a text into the element whose `data-fill` is `place`."""
        self.send({"fill": {"place": place, "text": text}})
