"""Five people label at the same time: each gets a task of their own, the worst ones first, and every answer counts.

On SQLite Label Studio 1.23.2 takes no lock while it looks for the next task (``conditional_atomic`` with
``db_is_not_sqlite``): who asks within the same tenths of a second may get the same task. So here each presses when the
one before has been served, and what happens within one moment has a test of its own.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from accounts import Account, new_account
from labelsift.errors import PlatformError
from labelsift.store.store import Store

FIVE = 5
SHOTS = os.environ.get("LABELSIFT_SHOTS")  # a folder takes a picture of what one of them sees in each mode, to look at


@dataclass
class Person:
    """Somebody in front of a browser of their own."""

    account: Account
    context: Any
    page: Any = None

    @property
    def text(self) -> str:
        return self.page.locator(".ls-text").inner_text().strip()

    @property
    def checked(self) -> list[str]:
        return [box.get_attribute("name") for box in self.page.locator(".ls-labels input:checked").all()]

    @property
    def ask(self) -> str:
        """What stands above the text; in mode blind only a question."""
        above = self.page.locator(".ls-ask")
        return above.inner_text() if above.count() else ""


@pytest.fixture(scope="module")
def accounts(server) -> list[Account]:
    return [new_account(server, f"labeler{number}@example.com") for number in range(1, FIVE + 1)]


@pytest.fixture(scope="module")
def people(chromium, server, accounts, log_in) -> Iterator[list[Person]]:
    """Five people who have logged in."""
    people = []
    for account in accounts:
        context = chromium.new_context(viewport={"width": 1280, "height": 800})
        context.set_default_timeout(40_000)
        log_in(context, server.url, account)
        people.append(Person(account, context, context.new_page()))
    yield people
    for person in people:
        person.context.close()


@pytest.fixture
def label_all(people: list[Person]) -> Callable[[str, int], list[Person]]:
    """Let so many of them open the review project, and press Label All Tasks, each when the one before is served."""

    def begin(address: str, many: int) -> list[Person]:
        at_work = people[:many]
        for person in at_work:
            person.page.goto(address, wait_until="commit")
        buttons = [person.page.get_by_text("Label All Tasks") for person in at_work]
        for button in buttons:
            button.wait_for()
        for person, button in zip(at_work, buttons, strict=True):
            with person.page.expect_response(lambda response: "next_task" in response.url):
                button.click(no_wait_after=True)
        for person in at_work:
            person.page.get_by_role("button", name="Submit current annotation").wait_for()
            person.page.locator(".ls-text").wait_for()
        return at_work

    return begin


def submit(person: Person) -> None:
    before = person.text
    with person.page.expect_response(
        lambda response: response.request.method == "POST" and "/annotations" in response.url
    ):
        person.page.get_by_role("button", name="Submit current annotation").click()
    person.page.wait_for_function(
        "before => document.querySelector('.ls-text')?.innerText.trim() !== before", arg=before
    )
    person.page.locator(".ls-text").wait_for()


@pytest.mark.parametrize(
    ("mode", "many"),
    [("choose", 2), ("prefill", 2), ("blind", 2), pytest.param("choose", FIVE, marks=pytest.mark.soak)],
)
def test_each_gets_a_task_of_their_own_from_the_worst_and_pull_tells_who_said_what(
    platform, make_queue, name, label_all, tmp_path, mode, many
):
    report = make_queue(14, run=f"r-{mode}")
    Store(tmp_path / "kept").save(report)
    receipt = report.push("label-studio", project=name, mode=mode)
    of_text = dict(zip(report.samples.texts.to_pylist(), report.samples.ids.to_pylist(), strict=True))
    findings = [row for row in report.findings.to_pylist() if row["issue"] == "label"]
    worst = {row["id"]: row for row in findings}
    order = list(worst)

    people = label_all(receipt.links["review"], many)

    first = {person.account.username: of_text[person.text] for person in people}
    assert sorted(first.values()) == sorted(order[:many])
    if SHOTS:
        people[-1].page.screenshot(path=Path(SHOTS) / f"labeler-{mode}.png")
    said: dict[tuple[str, str], str] = {}
    for index, person in enumerate(people):
        sample = of_text[person.text]
        given, suggested = worst[sample]["given"].strip('"'), worst[sample]["suggested"].strip('"')
        if mode == "blind":
            shown = person.page.locator(".ls-ask").locator("xpath=..").inner_text()
            assert person.ask.strip() == "Which label fits?"
            assert not re.search("Labeled|Maybe", shown)
            assert [shown.count(label) for label in (given, suggested)] == [1, 1]  # as a choice, like every label
        else:
            assert f"Labeled {given}. Maybe {suggested}?" in person.ask
            assert worst[sample]["reason"] in person.ask
        assert person.checked == ([suggested] if mode == "prefill" else [])
        # One after the other: the suggestion, the given label, something else.
        other = next(label for label in report.classes if label not in (given, suggested))
        chosen = suggested if mode == "prefill" else (suggested, given, other)[index % 3]
        if mode != "prefill":
            person.page.locator(f'.ls-labels input[name="{chosen}"]').check()
        said[person.account.username, sample] = chosen
        submit(person)
    # Who is done first takes the next one, and so on: nobody gets a task that somebody has, or has had.
    second = [of_text[person.text] for person in people]
    assert sorted(second) == sorted(order[many : 2 * many])

    pulled = platform.pull(project=name, store=tmp_path / "kept").to_pylist()
    assert {(row["person"], row["id"]): row["value"].strip('"') for row in pulled} == said
    assert len(pulled) == many
    words = ("accepted", "refused", "changed")
    expected = {"prefill": ["accepted"] * many}.get(mode, [words[number % 3] for number in range(many)])
    by_person = {row["person"]: row["verdict"] for row in pulled}
    assert [by_person[person.account.username] for person in people] == expected


def test_of_requests_within_one_moment_every_answer_counts(platform, make_queue, name, server, accounts):
    receipt = make_queue(14).push("label-studio", project=name)
    together = threading.Barrier(FIVE)

    def ask(account: Account, path: str, **more: Any) -> Any:
        key = {"Authorization": f"Token {account.api_key}"}
        response = requests.post(f"{server.url}{path}", headers=key, timeout=60, **more)
        response.raise_for_status()
        return response.json()

    def answer_next(account: Account) -> tuple[str, str]:
        together.wait(60)
        params = {"id": "next_task", "project": receipt.details["project_id"]}
        task = ask(account, "/api/dm/actions", params=params, json={})
        result = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["refund"]}}
        ask(account, f"/api/tasks/{task['id']}/annotations/", json={"result": [result]})
        return account.username, task["data"]["labelsift_id"]

    with ThreadPoolExecutor(FIVE) as pool:
        answered = list(pool.map(answer_next, accounts))
    # The worst is among them; whether somebody's was somebody else's, too, only PostgreSQL could promise.
    assert {sample for _, sample in answered} == {
        f"t{12 - number:05d}" for number in range(len({person for _, person in answered}))
    }
    pulled = platform.pull(project=name).to_pylist()
    assert sorted((row["person"], row["id"]) for row in pulled) == sorted(answered)


def test_an_account_that_is_there_already_is_refused(server, accounts):
    with pytest.raises(PlatformError, match=f"no account {accounts[0].username}"):
        new_account(server, accounts[0].username)
