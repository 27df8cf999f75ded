"""What a user sees when the server or the key is wrong."""

from __future__ import annotations

import subprocess
import sys

import pytest
import requests
from labelsift.errors import InputError, MissingExtraError, PlatformError
from labelsift.integrations.label_studio import LabelStudio
from labelsift.integrations.label_studio.client import Client
from labelsift.integrations.label_studio.connect import connect
from labelsift.servers import free_port

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
    assert "Personal Access Token" in refused.value.cure
    assert SECRET not in str(refused.value)
    assert "does not accept the key" in next(iter(LabelStudio().doctor()))


@pytest.mark.server
def test_the_key_may_stand_in_a_file(environment, server, tmp_path):
    (tmp_path / "key").write_text(server.api_key + "\n")
    environment.setenv("LABEL_STUDIO_URL", server.url + "/")
    environment.setenv("LABEL_STUDIO_API_KEY_FILE", str(tmp_path / "key"))
    assert connect().version().startswith("1.23.")
    assert LabelStudio().doctor() == {}


@pytest.mark.server
def test_a_personal_access_token_works(server):
    with requests.Session() as browser:
        browser.get(f"{server.url}/user/login/")
        form = {
            "email": server.username,
            "password": server.password,
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
        }
        browser.post(f"{server.url}/user/login/", data=form).raise_for_status()
        made = browser.post(f"{server.url}/api/token/", headers={"X-CSRFToken": browser.cookies["csrftoken"]})
        made.raise_for_status()
        token = made.json()["token"]
    client = Client(server.url, token)
    assert client.version().startswith("1.23.")
    assert client.get("/api/current-user/whoami", what="the account")["email"] == server.username
    client.describe_project(
        client.create_project(
            title="by token",
            description="",
            label_config="<View><Text name='t' value='$text'/></View>",
            model_version="x",
        )["id"],
        "and described",
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
