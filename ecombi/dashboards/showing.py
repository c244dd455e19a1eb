"""Showing a dashboard: the one thing its notebook does."""

from __future__ import annotations

import logging
import os
from importlib import import_module
from typing import Any

import ipywidgets
from IPython.display import display

from ecombi.dashboards.controller import Controller
from ecombi.dashboards.desk import Desk
from ecombi.errors import ConfigurationError, EcombiError, did_you_mean
from ecombi.widgets.address import Address
from ecombi.widgets.markup import el
from ecombi.widgets.panel import Panel
from ecombi.workspace import Workspace, open_workspace

logger = logging.getLogger(__name__)

NAMES = ("sales",)
"""Folders of this package that are dashboards."""


class Page(ipywidgets.VBox):  # type: ignore[misc]  # untyped base
    """A dashboard's widgets. Its picture, as HTML, is what is seen until they have arrived, or where none can."""

    picture = ""

    def _repr_mimebundle_(self, **kwargs: object) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**kwargs)
        return bundle | {"text/html": self.picture}


def build(name: str, workspace: Workspace, query: str = "") -> tuple[Page, Controller]:
    """Build a dashboard, loaded.

    Args:
        name: One of `NAMES`.
        workspace: Whose figures.
        query: What the reader has chosen already, as the query of an address.

    Raises:
        ConfigurationError: No dashboard of that name.
    """
    if name not in NAMES:
        raise ConfigurationError(f"There is no dashboard {name!r}. {did_you_mean(name, NAMES)}")
    state_module, view_module = (import_module(f"ecombi.dashboards.{name}.{part}") for part in ("state", "view"))
    state, view = (
        getattr(state_module, f"{name.capitalize()}State")(),
        getattr(view_module, f"{name.capitalize()}View")(),
    )
    state.query = query
    address = Address()
    controller = Controller(Desk(workspace), state, view, address)
    controller.reload()
    page = Page([address, view.root])
    page.add_class("dashboard")
    page.picture = str(
        el(
            "div",
            view.html(),
            class_="dashboard",
            data_panels=view.panels,
            data_fresh_text=address.fresh,
            data_fresh_title=address.fresh_title,
        )
    )
    return page, controller


def show(name: str) -> None:
    """Show a dashboard of the workspace that the environment names; where it cannot be, say why, in its place.

    Raises:
        ConfigurationError: No dashboard of that name.
    """
    # Widgets find their kernel when they are imported; here they may have been imported before there was one.
    ipywidgets.register_comm_target()
    try:
        page, _ = build(name, open_workspace(), os.environ.get("QUERY_STRING", ""))
    except EcombiError as error:
        logger.warning("a dashboard could not be opened dashboard=%s error=%s", name, error)
        page = _apology(str(error))
    except Exception:
        logger.exception("a dashboard failed dashboard=%s", name)
        page = _apology("Something went wrong that was not foreseen; the log of the dashboards says what.")
    display(page)  # type: ignore[no-untyped-call]  # untyped library


def _apology(words: str) -> Page:
    panel = Panel()
    panel.show(
        el("section", el("h1", "This dashboard cannot be shown"), el("p", words), class_="tile words", role="alert")
    )
    page = Page([panel])
    page.add_class("dashboard")
    page.picture = str(
        el("div", panel.markup, class_="dashboard", data_panels=1, data_fresh_text="", data_fresh_title="")
    )
    return page
