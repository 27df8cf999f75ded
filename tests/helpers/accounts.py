"""Accounts of further people on a local Label Studio."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

import requests
from labelsift.errors import PlatformError
from labelsift.integrations.label_studio.client.client import Client
from labelsift.integrations.label_studio.server import LabelStudioServer


@dataclass(frozen=True)
class Account:
    """One person's login: e-mail, password and legacy token."""

    username: str
    password: str
    api_key: str


def new_account(server: LabelStudioServer, username: str) -> Account:
    """Make an account for one more person, by the link with which the organization invites people.

    Parameters
    ----------
    username
        An e-mail address; nothing is sent to it.

    Raises
    ------
    PlatformError
        If the server refuses, for example because there is such an account.
    """
    invited = Client(server.url, server.api_key).get("/api/invite", what="an invitation", names=["token"])
    page = f"{server.url}/user/signup/?token={invited['token']}"
    password = secrets.token_urlsafe(12)
    with requests.Session() as browser:
        browser.get(page, timeout=60)
        form = {"email": username, "password": password, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        answer = browser.post(page, data=form, timeout=60, allow_redirects=False)
        if answer.status_code != 302:  # the form again, with what is wrong in it
            raise PlatformError(f"Label Studio made no account {username}", hint="Is there one already?")
        return Account(username, password, _token(browser, server.url, form))


def _token(browser: requests.Session, url: str, form: dict[str, str]) -> str:
    """Return the legacy token of who has just signed up; a server that is busy may have lost the session."""
    for wait in (0, 1, 2, 4):
        time.sleep(wait)
        answer = browser.get(f"{url}/api/current-user/token", timeout=60)
        if answer.ok:
            return str(answer.json()["token"])
        browser.get(f"{url}/user/login/", timeout=60)
        again = form | {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        browser.post(f"{url}/user/login/", data=again, timeout=60)
    raise PlatformError(f"Label Studio gives no token to {form['email']}: {answer.status_code} {answer.text[:300]}")
