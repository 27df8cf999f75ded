"""Where MLflow is, and what is said when it is not; no server is started."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from labelsift.data.formatting import without_secrets
from labelsift.demo.local_servers import free_port
from labelsift.errors import PlatformError
from labelsift.integrations.mlflow import MLflow
from labelsift.integrations.mlflow.client import page, path_of


@pytest.fixture
def nowhere(monkeypatch):
    """An address where nothing listens, with a password in it."""
    import mlflow

    url = f"http://me:secret-word@127.0.0.1:{free_port()}"
    monkeypatch.delenv("MLFLOW_TRACKING_URI_FILE", raising=False)
    mlflow.set_tracking_uri(url)
    yield url
    mlflow.set_tracking_uri(None)


def test_a_server_that_does_not_answer_is_named_without_its_password(nowhere, make_report):
    with pytest.raises(
        PlatformError, match=r"MLflow server at http://127.0.0.1:\d+ does not answer.*Start it"
    ) as error:
        make_report().log("mlflow")
    assert error.value.exit_code == 3
    assert "secret-word" not in str(error.value)
    assert "does not answer" in MLflow().doctor()["connection"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "uri", ["postgres://u:secret-word@h/db", "postgresql://u:secret/word@h/db?sslpassword=secret-word"]
)
def test_an_address_that_mlflow_cannot_use_is_named_without_its_password(uri, monkeypatch, make_report, nowhere):
    import mlflow

    mlflow.set_tracking_uri(uri)
    health = MLflow().doctor()["connection"]
    with pytest.raises(PlatformError) as error:
        make_report().log("mlflow")
    for text in (health, str(error.value)):
        assert "cannot use postgres" in text
        assert "secret" not in text


def page_server(status: int, body: str) -> ThreadingHTTPServer:
    """Start a web server that is no MLflow and answers everything alike."""

    class Other(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_POST = answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Other)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    return made


PAGE = "<!doctype html>\n<title>Label Studio</title>\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (200, PAGE, "does not answer like MLflow"),
        (404, PAGE, "does not answer like MLflow"),
        (404, '{"detail": "Not found"}', "does not answer like MLflow"),
        (403, PAGE, "failed with error code 403"),
    ],
)
def test_a_server_that_is_no_mlflow_is_named_in_one_line(monkeypatch, make_report, status, body, says):
    import mlflow

    server = page_server(status, body)
    url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.delenv("MLFLOW_TRACKING_URI_FILE", raising=False)
    mlflow.set_tracking_uri(url)
    try:
        with pytest.raises(PlatformError) as error:
            make_report().log("mlflow")
        for said in (str(error.value), MLflow().doctor()["connection"]):
            assert says in said
            assert url in said
            assert len(said.splitlines()) == 1
            assert "Response" not in said
            assert "<" not in said
    finally:
        mlflow.set_tracking_uri(None)
        server.shutdown()
        server.server_close()


def test_links_hold_no_password():
    assert without_secrets("https://u:p@h.example/x") == "https://h.example/x"
    assert page("https://u:p@h.example/", path_of("1", "r")) == (
        "https://h.example/#/experiments/1/runs/r?workflowType=machine_learning"
    )
    assert page("sqlite:///mlflow.db", path_of("1")) == ""
