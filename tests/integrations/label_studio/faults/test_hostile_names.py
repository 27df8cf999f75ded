"""What a stranger can write on a server: entities in a config, a run's name that leads elsewhere, redirects."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest
from labelsift.data.review_queue import ReviewItem
from labelsift.errors import InputError, LabelsiftError, StoreError
from labelsift.integrations.label_studio.client.client import Client
from labelsift.integrations.label_studio.convert.header_tags import with_lines, without_lines
from labelsift.integrations.label_studio.convert.label_config import label_control_of
from labelsift.integrations.label_studio.push.plan import Deal
from labelsift.store.store import Store

LAUGHS = """<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<View><Text name="t" value="$text"/><Choices name="c" toName="t"><Choice value="&b;"/></Choices></View>"""
KEY = "0123456789abcdef0123456789abcdef01234567"


def test_entities_are_not_read():
    for read in (lambda: label_control_of(LAUGHS, project="P"), lambda: with_lines(LAUGHS)):
        with pytest.raises(InputError, match="declares a document type"):
            read()
    assert without_lines(LAUGHS) is None


@pytest.mark.parametrize("name", ["../../elsewhere", "..", "", ".hidden", "a/b", "a\\b"])
def test_a_name_of_a_run_leads_nowhere_else(tmp_path, name):
    with pytest.raises(StoreError, match="No run is called"):
        Store(tmp_path / "s").place_of(name)


def test_the_group_of_a_sample_that_is_asked_blind_is_not_told():
    seen = ReviewItem("a", 1, ("label",), {"label": 0.1}, "…", "x", "y", 0.9, "")
    blind = ReviewItem("b", 2, ("label",), {"label": 0.2}, "…", "x", "y", 0.9, "", blind=True)
    deal = Deal(groups={"a": "g", "b": "g"})
    assert deal.fields(seen) == {"labelsift_group": "g"}
    assert deal.fields(blind) == {}


@pytest.fixture
def strangers() -> Iterator[tuple[str, list[str]]]:
    """A server that redirects everything to another one, which notes whoever comes."""
    came: list[str] = []

    class Other(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            came.append(str(self.headers.get("Authorization")))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_DELETE = do_POST = answer

        def log_message(self, *_: object) -> None:
            pass

    other = http.server.HTTPServer(("127.0.0.1", 0), Other)

    class Redirecting(Other):
        def answer(self) -> None:
            self.send_response(307)
            self.send_header("Location", f"http://127.0.0.1:{other.server_port}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_DELETE = do_POST = answer

    first = http.server.HTTPServer(("127.0.0.1", 0), Redirecting)
    for server in (other, first):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{first.server_port}", came
    for server in (other, first):
        server.shutdown()
        server.server_close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.now(),
        lambda client: client.delete("/api/ml/1", what="backend 1"),
        lambda client: client.create_annotation(1, {}),
        lambda client: client.delete_annotation(1),
        lambda client: client.project(1),
    ],
)
def test_no_request_follows_a_redirect(strangers, ask):
    url, came = strangers
    with pytest.raises(LabelsiftError, match="redirects to"):
        ask(Client(url, KEY))
    assert came == []
