"""Outputs are hostile until cleaned: what is left loads nothing, runs nothing, leads nowhere, and still reads well."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, sync_playwright

from ecombi.reports.harmless import harmless
from ecombi.reports.html import CONTENT_POLICY, HEADER_POLICY, as_html

HOSTILE = [
    "<script>hit('script')</script>",
    "<script src='EVIL/script.js'></script>",
    "<img src='EVIL/image.png'><img srcset='EVIL/set.png 2x'><picture><source srcset='EVIL/p.png'></picture>",
    "<img src=x onerror=\"hit('onerror')\"><svg onload=\"hit('onload')\"></svg><body onload=\"hit('body')\">",
    "<meta http-equiv=refresh content='0;url=EVIL/refresh'>",
    "<meta http-equiv=refresh content='0;url=javascript:hit(1)'><meta name=referrer content=unsafe-url>",
    ("<link rel=stylesheet href='EVIL/style.css'><link rel=prefetch href='EVIL/fetch'><link rel=icon href='EVIL/i'>"),
    "<link rel=preconnect href='EVIL'><link rel=dns-prefetch href='EVIL'><link rel=manifest href='EVIL/m'>",
    "<style>@import url(EVIL/import.css); body { background: url(EVIL/body.png) } main { display: none }</style>",
    "<p style=\"background:url('EVIL/inline.png');position:fixed;inset:0;z-index:9\">over all</p>",
    "<div style='background-image:image-set(\"EVIL/set.png\" 1x);list-style:url(EVIL/list.png)'>x</div>",
    "<iframe src='EVIL/frame'></iframe><iframe srcdoc=\"<script>parent.hit('srcdoc')</script>\"></iframe>",
    "<object data='EVIL/object'></object><embed src='EVIL/embed'><applet code=x></applet>",
    "<form action='EVIL/form'><input name=a value=b autofocus><button id=send>send</button></form>",
    "<button form=f formaction='EVIL/formaction'>b</button><form id=f></form><input type=image src='EVIL/input'>",
    (
        "<a id=js href=\"javascript:hit('link')\">link</a>"
        "<a href=' java\nscript:hit(2)'>x</a><a href='data:text/html,x'>d</a>"
    ),
    "<a href='#x' ping='EVIL/ping' onclick=\"hit('click')\">ping</a>",
    "<base href='EVIL/'><a href='page'>relative</a>",
    "<video src='EVIL/v' autoplay></video><audio src='EVIL/a' autoplay></audio><track src='EVIL/t'>",
    "<svg><script>hit('svg')</script><image href='EVIL/svg.png'/><use href='EVIL/use.svg#a'/></svg>",
    (
        "<svg><a xlink:href=\"javascript:hit('xlink')\">"
        "<text>t</text></a><animate onbegin=\"hit('begin')\" attributeName=x /></svg>"
    ),
    (
        '<svg><rect fill="url(EVIL/fill.svg#a)" style="filter:url(EVIL/filter.svg#a)"/>'
        "<foreignObject><b>x</b></foreignObject></svg>"
    ),
    "<math><mtext></form><form><mglyph><style></math><img src onerror=hit(3)>",
    '<noscript><p title="</noscript><img src=x onerror=hit(4)>"></noscript>',
    "<!--><img src=x onerror=hit(5)>--><![CDATA[<img src=x onerror=hit(6)>]]><?x <img src=x onerror=hit(7)>?>",
    "<template><img src=x onerror=hit(8)></template><textarea><img src=x onerror=hit(9)></textarea>",
    (
        "<title><img src=x onerror=hit(10)></title>"
        "<xmp><img src=x onerror=hit(11)></xmp><plaintext><img src=x onerror=hit(12)>"
    ),
    "</main></body></html><script>hit('after')</script>",
    "<p title='\"><script>hit(13)</script>'>quoted</p>",
    "<img src=\"data:image/svg+xml,<svg onload=hit(14) xmlns='http://www.w3.org/2000/svg'/>\">",
]


class Site(ThreadingHTTPServer):
    """A site that hands out one document and remembers all that is asked of it."""

    def __init__(self, policy: str | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.policy = policy
        self.document = ""
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        if self.server.policy:
            self.send_header("Content-Security-Policy", self.server.policy)
        self.end_headers()
        self.wfile.write(self.server.document.encode() if self.path == "/report.html" else b"")

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@contextmanager
def site(policy: str | None = None) -> Iterator[Site]:
    """Serve."""
    with Site(policy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        yield started
        started.close()


def document(evil: str) -> str:
    """A report whose every cell is hostile, in every way an output can be."""
    cells = [nbformat.v4.new_markdown_cell(f"# Title\n\n[bad](javascript:hit(20)) ![x]({evil}/markdown.png)")]
    for hostile in HOSTILE:
        text = hostile.replace("EVIL", evil)
        outputs = [
            nbformat.v4.new_output("display_data", {kind: text})
            for kind in ("text/html", "text/markdown", "image/svg+xml", "image/png", "text/plain")
        ]
        cells += [nbformat.v4.new_code_cell("x", outputs=[*outputs, nbformat.v4.new_output("stream", text=text)])]
        cells.append(nbformat.v4.new_markdown_cell(text))
    return as_html(nbformat.v4.new_notebook(cells=cells), title="</title><script>hit(21)</script>")


def visit(browser: Browser, server: Site, *, click: bool = True) -> list[str]:
    """Open the document and click on all that can be clicked; return what it did that a document must not."""
    done: list[str] = []
    context = browser.new_context()
    context.on("page", lambda page: page.on("dialog", lambda dialog: (done.append(dialog.message), dialog.dismiss())))
    context.expose_function("hit", lambda what: done.append(f"ran {what}"))
    page = context.new_page()
    page.goto(f"{server.url}/report.html")
    page.wait_for_timeout(500)
    for link in page.locator("a, button").all() if click else ():
        link.dispatch_event("click")
    page.wait_for_timeout(500)
    done += [f"left for {page.url}"] * (page.url.split("#")[0] != f"{server.url}/report.html")
    done += [f"opened {other.url}" for other in context.pages if other is not page]
    context.close()
    return done


@pytest.mark.browser
def test_hostile_outputs_do_nothing_in_a_browser(browser: Browser) -> None:
    with site() as evil, site() as server:
        server.document = document(evil.url)
        assert visit(browser, server) == []
        assert evil.asked == []
        assert set(server.asked) <= {"/report.html", "/favicon.ico"}


@pytest.mark.browser
def test_with_the_header_even_what_is_not_cleaned_does_nothing(browser: Browser) -> None:
    raw = "<!doctype html><title>x</title>" + "".join(HOSTILE)
    with site() as evil, site(HEADER_POLICY) as server:
        server.document = raw.replace("EVIL", evil.url)
        assert visit(browser, server, click=False) == []
        assert evil.asked == []


@pytest.mark.browser
def test_the_checks_notice_a_page_that_does_something(browser: Browser) -> None:
    with site() as evil, site() as server:
        server.document = f"<img src='{evil.url}/image.png'><script>hit('script')</script>"
        assert visit(browser, server) == ["ran script"]
        assert evil.asked == ["/image.png"]


def test_the_document_carries_both_policies() -> None:
    html = as_html(nbformat.v4.new_notebook(), title="T")
    assert f'<meta http-equiv="Content-Security-Policy" content="{CONTENT_POLICY}">' in html
    assert f'<meta name="ecombi-content-security-policy" content="{HEADER_POLICY}">' in html
    assert HEADER_POLICY.startswith("sandbox; default-src 'none'; ")


@pytest.mark.parametrize(
    ("html", "left"),
    [
        ('<p class="lead">Net <b>46</b></p>', '<p class="lead">Net <b>46</b></p>'),
        ("<form><p>text <blink>stays</blink></p></form>", "<p>text stays</p>"),
        ('<a href="https://example.com/?a=1&amp;b=2">x</a>', '<a href="https://example.com/?a=1&amp;b=2">x</a>'),
        ('<span class="bar" style="width:12.5%"></span>', '<span class="bar" style="width:12.5%"></span>'),
        (
            "<i style='color:red;position:fixed;width:calc(1px + 2%)'>x</i>",
            '<i style="color:red;width:calc(1px + 2%)">x</i>',
        ),
        ('<data value="46.00">£46</data>', '<data value="46.00">£46</data>'),
        ("<details open><summary>s</summary></details>", '<details open=""><summary>s</summary></details>'),
        ('<g fill="url(#a)" clip-path="url(#b)"></g>', '<g clip-path="url(#b)" fill="url(#a)"></g>'),
        ('<path d="M0,0L1,1" transform="translate(1,2)"/>', '<path d="M0,0L1,1" transform="translate(1,2)"></path>'),
        ('<use href="#a"/><use href="https://x/#a"/>', '<use href="#a"></use><use></use>'),
        ('<img src="data:image/png;base64,iVBO" alt="x">', '<img alt="x" src="data:image/png;base64,iVBO"/>'),
        ("<b href='https://x' src='y'>x</b>", "<b>x</b>"),
        ("1 < 2 &amp; 3 &lt;b&gt;", "1 &lt; 2 &amp; 3 &lt;b&gt;"),
        ("<td aria-label='x' aria-<script='y'>x</td>", '<td aria-label="x">x</td>'),
        ("", ""),
    ],
)
def test_what_reports_are_made_of_stays(html: str, left: str) -> None:
    assert harmless(html) == left


TAGS = st.sampled_from(
    ["b", "script", "svg", "style", "title", "a", "img", "textarea", "math", "template", "!--", "![CDATA[", "/p", "?x"]
)
NAMES = st.sampled_from(["onload", "href", "style", "src", "title", "aria-x"])
PIECES = st.one_of(
    TAGS.map("<{}>".format),
    TAGS.map("</{}>".format),
    st.text(max_size=4),
    st.sampled_from(['"', "'", "<", ">", "=", "--", "]]>"]),
    st.tuples(TAGS, NAMES, st.text(max_size=6)).map(lambda found: "<{} {}='{}'>".format(*found)),
)


@settings(deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_whatever_comes_in_only_listed_tags_come_out(html: str) -> None:
    out = harmless(html)
    assert set(re.findall(r"</?([a-z!?]*)", out)) <= {"b", "svg", "title", "a", "img", "p"}
    assert set(re.findall(r"<[a-z]+ ([^ =>]+)", out)) <= {"href", "style", "src", "title", "aria-x"}
    assert harmless(out) == out


@pytest.mark.parametrize("name", ["daily", "performance"])
def test_our_own_reports_lose_nothing(name: str, request: pytest.FixtureRequest) -> None:
    notebook = nbformat.read(Path(request.getfixturevalue(name).path).with_suffix(".ipynb"), as_version=4)
    outputs = [output.data["text/html"] for cell in notebook.cells for output in cell.get("outputs", ())
               if "text/html" in output.get("data", {})]  # fmt: skip
    assert len(outputs) > 5
    for given_html in outputs:
        html = "".join(given_html)
        assert len(re.findall("<[a-z]", harmless(html))) == len(re.findall("<[a-z]", html))
        assert sorted(re.findall(r" ([a-zA-Z-]+)=\"", harmless(html).lower())) == sorted(
            re.findall(r" ([a-z-]+)=\"", html.lower())
        )
