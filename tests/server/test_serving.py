"""Serving: routes, files, hosts, ports, and the end of it all."""

from __future__ import annotations

import gzip
import http.client
import os
import re
import signal
import socket
import time
import urllib.error
import urllib.request

import pytest

from ecombi.errors import ConfigurationError
from ecombi.server import serve
from ecombi.settings import load_settings
from tests.reports.hand_shop import open_shop
from tests.server.conftest import serving


def get(link: str, **headers: str) -> tuple[int, str, dict[str, str]]:
    request = urllib.request.Request(link, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), dict(error.headers)


def test_the_first_address_leads_to_the_first_dashboard(server):
    connection = http.client.HTTPConnection(server.link.removeprefix("http://"), timeout=30)
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Location")) == (302, "/sales")
    connection.close()


@pytest.mark.parametrize(
    "path",
    [
        "/voila/tree",
        "/voila/api/contents/",
        "/voila/render/sales.ipynb",
        "/voila/files/sales.ipynb",
        "/api/kernels",
        "/nowhere",
        "/../etc/passwd",
    ],
)
def test_what_a_dashboard_does_not_need_is_not_there(server, path):
    status, page, _ = get(server.link + path)
    assert status == 404
    assert "There is no dashboard at this address." in page


def test_another_host_name_is_refused(server):
    status, page, _ = get(server.link + "/sales", Host="evil.example")
    assert status == 403
    assert "£" not in page


def test_files_are_found_compressed_and_kept(server):
    _, page, _ = get(server.link + "/nowhere")
    address = re.search(r'href="(/assets/\w+/page)/tokens.css"', page)[1]
    request = urllib.request.Request(f"{server.link}{address}/page.css", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "immutable" in answer.headers["Cache-Control"]
        assert b".dashboard" in gzip.decompress(answer.read())
    assert get(f"{server.link}{address}/../../../settings.py")[0] == 404
    assert get(f"{server.link}{address}/%2e%2e/panel.py")[0] == 404


def test_a_dashboard_without_a_browser_has_its_figures_and_no_source(server):
    _, page, headers = get(server.link + "/sales?period=7d")
    assert "£86.00" in page
    assert "show(" not in page
    assert "default-src 'self'" in headers["Content-Security-Policy"]


def test_an_empty_warehouse_says_what_to_run(tmp_path):
    with serving(tmp_path) as running:
        status, page, _ = get(running.link + "/sales")
    assert status == 200
    assert "Nothing has been loaded yet" in page
    assert "ecombi load simulated --orders 20000" in page


def test_a_taken_port_is_an_error_in_words(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"Port {port} on 127.0.0.1 is in use by another program"):
            serve(load_settings(workspace=tmp_path), port=port, ready=lambda _link: None)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_and_every_kernel_at_once(tmp_path, number):
    with serving(open_shop(tmp_path)) as running:
        assert "£86.00" in get(running.link + "/sales?period=7d")[1]
        kernels, sources = running.kernels(), running.sources()
        assert kernels
        assert sources
        begun = time.monotonic()
        running.process.send_signal(number)
        assert running.process.wait(20) == 0
        assert time.monotonic() - begun < 10
        assert not {pid for pid in (*kernels, *sources) if _lives(pid)}
        assert list(running.folder.iterdir()) == []


def test_pages_are_forked_from_one_process_which_is_started_again_when_it_ends(tmp_path):
    with serving(open_shop(tmp_path)) as running:
        assert "£86.00" in get(running.link + "/sales?period=7d")[1]
        first = running.sources()
        assert first
        for source in first:
            os.kill(source, signal.SIGKILL)
        begun = time.monotonic()
        while set(running.sources()) <= set(first) and time.monotonic() - begun < 60:
            time.sleep(0.1)
        assert set(running.sources()) - set(first)
        assert "£86.00" in get(running.link + "/sales?period=7d")[1]
        assert running.kernels()


def test_a_server_that_is_killed_leaves_no_process(tmp_path):
    with serving(open_shop(tmp_path)) as running:
        assert "£86.00" in get(running.link + "/sales?period=7d")[1]
        left = [*running.kernels(), *running.sources()]
        running.process.kill()
        begun = time.monotonic()
        while any(_lives(pid) for pid in left) and time.monotonic() - begun < 60:
            time.sleep(0.1)
        assert not [pid for pid in left if _lives(pid)]


def _lives(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123 - the process's own record
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
