"""Whose eyes a page sees with: the owner's on their own machine, those the settings name, else nobody's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ecombi.metrics.policy import NOBODY, OWNER, Identity
from ecombi.server.app import identity_of_visitors
from tests.reports.hand_shop import open_shop
from tests.server.conftest import Server, serving
from tests.server.test_serving import get

BEGIN = """
import ecombi
from ecombi.server.kernel import load_ipython_extension

load_ipython_extension(None)
ws = ecombi.open_workspace()
print(ws.identity.to_json())
print(ws.query("net_sales")["net_sales"].tolist())
"""


def begun(workspace: Path, **variables: str) -> tuple[Identity, str]:
    """Begin as a page's kernel does; returns whose page it is, and the net sales it sees."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ECOMBI_")}
    environment = kept | {"ECOMBI_WORKSPACE": str(workspace), **variables}
    said = subprocess.run([sys.executable, "-c", BEGIN], env=environment, capture_output=True, text=True, check=True)
    identity, seen = said.stdout.splitlines()
    return Identity.from_json(identity), seen


def test_a_page_whose_kernel_was_not_told_who_looks_has_no_rows(tmp_path: Path) -> None:
    assert begun(open_shop(tmp_path)) == (NOBODY, "[Decimal('0.0000')]")


def test_a_page_of_somebody_has_their_rows(tmp_path: Path) -> None:
    french = Identity.of("france", countries=["FR"])
    assert begun(open_shop(tmp_path), ECOMBI_IDENTITY=french.to_json()) == (french, "[Decimal('36.0000')]")


@pytest.mark.parametrize(
    ("ip", "identity"),
    [("127.0.0.1", OWNER), ("::1", OWNER), ("0.0.0.0", NOBODY), ("192.0.2.7", NOBODY)],
)
def test_only_visitors_from_this_machine_are_taken_for_the_owner(ip: str, identity: Identity) -> None:
    assert identity_of_visitors(ip) == identity


def test_the_served_page_shows_what_its_identity_may_see_and_no_more(server: Server, tmp_path: Path) -> None:
    everything = get(server.link + "/sales")[1]
    with serving(open_shop(tmp_path), ECOMBI_IDENTITY=Identity.of("france", countries=["FR"]).to_json()) as french:
        page = get(french.link + "/sales?ECOMBI_IDENTITY=%7B%22name%22%3A%22owner%22%7D")[1]
    for product, country in (("Mug &amp; saucer", "GB"), ("Lamp", "FR")):
        assert product in everything
        assert f">{country}<" in everything
    assert "Lamp" in page
    assert "Mug" not in page
    assert ">GB<" not in page
