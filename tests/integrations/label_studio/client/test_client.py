"""What a user sees when the server or the key is wrong."""

from __future__ import annotations

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.demo.local_servers import free_port
from labelsift.errors import InputError, MissingExtraError, PlatformError
from labelsift.integrations.label_studio import LabelStudio
from labelsift.integrations.label_studio.client.client import Client
from labelsift.integrations.label_studio.client.connect import connect

SECRET = "f" * 39 + "0"


@pytest.fixture
def environment(monkeypatch):
    for name in ("LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY", "LABEL_STUDIO_API_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_the_address_and_the_key_are_asked_for_by_name(environment, tmp_path):
    with pytest.raises(InputError, match="LABEL_STUDIO_URL is not set"):
        connect()
    environment.setenv("LABEL_STUDIO_URL", "localhost:8080")
    with pytest.raises(InputError, match="does not hold an address"):
        connect()
    environment.setenv("LABEL_STUDIO_URL", "http://localhost:8080")
    with pytest.raises(InputError, match="Neither LABEL_STUDIO_API_KEY nor LABEL_STUDIO_API_KEY_FILE"):
        connect()
    environment.setenv("LABEL_STUDIO_API_KEY_FILE", str(tmp_path / "absent"))
    with pytest.raises(InputError, match="LABEL_STUDIO_API_KEY_FILE cannot be read"):
        connect()


def test_a_server_that_does_not_run_is_named_with_a_cure(environment):
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(PlatformError, match="could not be reached") as refused:
        Client(url, SECRET).projects()
    assert refused.value.exit_code == 3
    assert url in str(refused.value)
    assert SECRET not in str(refused.value)


BAD_KEYS = {
    "a line break": "AAAsecret1\nBBB",
    "a letter of another script": "AAAsecret1Ж",
    "a space": "Token AAAsecret1",
    "a control character": "AAAsecret1\x07",
}


@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS)
@pytest.mark.parametrize("in_file", [False, True])
def test_what_cannot_be_a_key_is_refused_without_being_shown(environment, tmp_path, key, in_file):
    environment.setenv("LABEL_STUDIO_URL", "http://127.0.0.1:9")
    if in_file:
        (tmp_path / "key").write_text(key, encoding="utf-8")
        environment.setenv("LABEL_STUDIO_API_KEY_FILE", str(tmp_path / "key"))
    else:
        environment.setenv("LABEL_STUDIO_API_KEY", key)
    result = CliRunner().invoke(main, ["doctor", "label-studio"])
    assert result.exit_code == 2
    assert "more than a key" in result.stdout
    assert ("LABEL_STUDIO_API_KEY_FILE" in result.stdout) == in_file
    assert "AAAsecret1" not in result.output + repr(result.exception)


def test_white_space_around_address_and_key_does_not_matter(environment):
    environment.setenv("LABEL_STUDIO_URL", " http://127.0.0.1:9/\n")
    environment.setenv("LABEL_STUDIO_API_KEY", f"\t{SECRET}\r\n")
    made = connect()
    assert (made.url, made._key) == ("http://127.0.0.1:9", SECRET)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://user:pw-word@127.0.0.1:9", "holds a user name or a password"),
        ("http://pw-word@127.0.0.1:9", "holds a user name or a password"),
        ("http://127.0.0.1:9/?token=pw-word", "does not hold an address"),
        ("http://127.0.0.1:9\n/pw-word", "does not hold an address"),
        ("http://127.0.0.1:pw-word", "does not hold an address"),
        ("http://[pw-word", "does not hold an address"),
        ("http://", "does not hold an address"),
    ],
)
def test_an_address_with_secrets_in_it_is_refused_without_being_shown(environment, url, says):
    environment.setenv("LABEL_STUDIO_URL", url)
    environment.setenv("LABEL_STUDIO_API_KEY", SECRET)
    for verb in (["doctor", "label-studio"], ["pull", "label-studio", "Tickets"]):
        result = CliRunner().invoke(main, verb)
        assert result.exit_code == 2
        assert says in result.output
        assert "pw-word" not in result.output + repr(result.exception)


def test_a_key_in_place_of_the_name_of_its_file_is_not_shown(environment):
    environment.setenv("LABEL_STUDIO_URL", "http://127.0.0.1:9")
    environment.setenv("LABEL_STUDIO_API_KEY_FILE", SECRET)
    with pytest.raises(InputError, match="cannot be read: No such file") as refused:
        connect()
    assert SECRET not in str(refused.value)


def other_server(status: int, body: str) -> ThreadingHTTPServer:
    """Start a web server that is no Label Studio and answers everything alike."""

    class Other(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_POST = do_PATCH = answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Other)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    return made


# One that expires in the year 2100: the SDK asks the server for an access token first.
PERSONAL = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9.c2lnbmF0dXJl"
NOT_FOUND = "<!doctype html><title>404 Not Found</title>"


@pytest.mark.slow
@pytest.mark.parametrize("key", [SECRET, PERSONAL], ids=["legacy", "personal"])
@pytest.mark.parametrize(
    ("status", "body"), [(200, "<!doctype html><title>MLflow</title>"), (404, NOT_FOUND), (200, "{}"), (200, "[1]")]
)
def test_a_server_that_is_no_label_studio_is_named(environment, make_queue, status, body, key):
    server = other_server(status, body)
    url = f"http://127.0.0.1:{server.server_port}"
    environment.setenv("LABEL_STUDIO_URL", url)
    environment.setenv("LABEL_STUDIO_API_KEY", key)
    try:
        for ask in (lambda: LabelStudio().pull(project="P"), lambda: make_queue(4).push("label-studio", project="P")):
            with pytest.raises(PlatformError, match="does not answer like Label Studio") as refused:
                ask()
            assert refused.value.exit_code == 3
            assert url in str(refused.value)
        assert "does not answer like Label Studio" in next(iter(LabelStudio().doctor()))
    finally:
        server.shutdown()
        server.server_close()


def test_a_missing_extra_says_what_to_install(environment):
    environment.setitem(sys.modules, "label_studio_sdk", None)
    with pytest.raises(MissingExtraError, match=r'pip install "labelsift\[label-studio\]"'):
        Client("http://localhost:8080", SECRET)


def test_importing_the_package_loads_no_platform_client():
    code = (
        "import sys, labelsift.integrations.label_studio; "
        "print([one for one in ('label_studio_sdk', 'requests', 'pandas') if one in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.mark.server
def test_a_wrong_key_says_where_to_get_one(environment, server):
    environment.setenv("LABEL_STUDIO_URL", server.url)
    environment.setenv("LABEL_STUDIO_API_KEY", SECRET)
    with pytest.raises(PlatformError, match="does not accept the key") as refused:
        connect().projects()
    assert "Personal Access Token" in refused.value.hint
    assert SECRET not in str(refused.value)
    assert "does not accept the key" in next(iter(LabelStudio().doctor()))


@pytest.mark.server
def test_the_key_may_stand_in_a_file(environment, server, tmp_path):
    (tmp_path / "key").write_text(server.api_key + "\n")
    (tmp_path / "key").chmod(0o600)
    environment.setenv("LABEL_STUDIO_URL", server.url + "/")
    environment.setenv("LABEL_STUDIO_API_KEY_FILE", str(tmp_path / "key"))
    assert connect().people()
    assert LabelStudio().doctor() == {}


@pytest.mark.server
def test_a_personal_access_token_works(server, personal):
    client = Client(server.url, personal)
    assert client.people()
    assert client.get("/api/current-user/whoami", what="the account")["email"] == server.username
    client.write_project(
        client.create_project(
            title="by token",
            description="",
            label_config="<View><Text name='t' value='$text'/></View>",
            model_version="x",
        ),
        {"description": "and described"},
    )


@pytest.mark.server
def test_a_missing_project_and_a_refused_write_say_so(client):
    with pytest.raises(PlatformError, match="has no project 999999"):
        client.project(999999)
    with pytest.raises(PlatformError, match="refused a new project bad with 400"):
        client.create_project(title="bad", description="", label_config="<View><Nonsense", model_version="")


@pytest.mark.server
def test_the_servers_folders_are_private(server):
    assert server.folder.stat().st_mode & 0o077 == 0
    assert len(server.api_key) == 40


@pytest.mark.slow
def test_two_projects_are_never_deleted_at_once():
    open_now, most = [], []

    class Slow(BaseHTTPRequestHandler):
        def do_DELETE(self):
            open_now.append(self.path)
            most.append(len(open_now))
            threading.Event().wait(0.2)
            open_now.remove(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        # Clients of their own, as two pushes have.
        deletions = [threading.Thread(target=Client(url, SECRET).delete_project, args=[number]) for number in (1, 2, 3)]
        for deletion in deletions:
            deletion.start()
        for deletion in deletions:
            deletion.join(60)
        server.shutdown()
    assert most == [1, 1, 1]
