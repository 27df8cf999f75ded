"""People's answers to the records of a served dataset: weighed against the run, and asked about once more."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from labelsift.io.formats.argilla import APPLIED, mark_of
from labelsift.serving.answers import AnswerLog, GivenAnswer
from labelsift.serving.second_looks import Look, SecondLooks

from ..client.client import NAME, Client
from ..convert.review_schema import TEXT
from ..state.match import sample_of
from ..state.second_look_dataset import find_or_make
from .datasets import ServedDataset

Record = Mapping[str, Any]
_SAID = ("submitted", "discarded")


class Answers:
    """The answers in the datasets that are served.

    Parameters
    ----------
    looks
        Asks other people about answers.
    """

    def __init__(self, client: Client, log: AnswerLog, looks: SecondLooks) -> None:
        self._client, self.log, self._looks = client, log, looks
        self._people: dict[str, str] = {}

    def look_at(self, entry: ServedDataset, asked: Sequence[str], records: Sequence[Record]) -> None:
        """Weigh the answers to records; ask other people about those that contradict.

        All are noted before anybody is asked: who answered a record must not be asked about it. What people said
        before the first start is noted only, since it may be all that they had to say.

        Parameters
        ----------
        asked
            The ids of the records that were read; those that are gone have no answers any more.
        """
        said = list(_responses_in(records, entry))
        self.log.keep_only(entry.id, asked, [response["id"] for response, _ in said])
        first = self.log.first(entry.id)
        weighed = []
        for response, record in said:
            answer = self._answer(entry, response, record)
            noted = self.log.note(entry.id, answer, entry.served, judge=entry.question.task != "spans")
            if first is None or datetime.fromisoformat(answer.updated) > first:
                weighed.append(noted)
        # The sweep at the start has noted what people said before, so that some are known that agree.
        self._looks.consider(entry.id, weighed, DatasetDesk(self._client, entry), entry.served, note_more=lambda: None)

    def changed(self, entry: ServedDataset, record: Record) -> bool:
        """Tell whether a record has answers that were not noted as they are."""
        said = [(response["id"], _time(response)) for response, _ in _responses_in([record], entry)]
        return any(not self.log.is_known(entry.id, id, updated) for id, updated in said)

    def _answer(self, entry: ServedDataset, response: Mapping[str, Any], record: Record) -> GivenAnswer:
        if (user := str(response["user_id"])) not in self._people:
            self._people |= {user: f"account {user}", **self._client.people()}  # it may be gone
        value = entry.question.response(response["values"]) if response["status"] == "submitted" else None
        return GivenAnswer(
            id=response["id"],
            task=record["id"],
            person=self._people[user],
            value=entry.under_data(value),
            updated=_time(response),
            sample=sample_of(record),
            text=entry.text_of(record),
        )


class DatasetDesk:
    """Asks about the answers in one dataset; a :class:`labelsift.serving.second_looks.Desk`."""

    platform = NAME
    anybody = "anybody else in the workspace"  # Argilla cannot give a record to one person

    def __init__(self, client: Client, entry: ServedDataset) -> None:
        self._client, self._entry = client, entry
        self._workspace = str(entry.dataset.about["workspace_id"])

    @property
    def target(self) -> str:
        """The dataset with its workspace."""
        return self._entry.dataset.title

    def people(self) -> Collection[str]:
        """Name the members of the workspace."""
        path = f"/workspaces/{self._workspace}/users"
        return [user["username"] for user in self._client.rows(path, what="the users", names=["username"])]

    def arrived(self, keys: Sequence[str]) -> set[str]:
        """Return which of these looks stand on the server."""
        return set(self._client.named(self._place(), keys))

    def ask(self, looks: Sequence[Look], *, people: Sequence[str]) -> None:
        """Send the records of looks: a text and a key; the same twice is one."""
        if not looks:
            return
        records = {
            record["id"]: record for record in self._client.by_id(self._entry.id, [row["task"] for row in looks])
        }
        new = [
            {"external_id": row["key"], "fields": {TEXT: self._entry.text_of(records[row["task"]])}}
            for row in looks
            if row["task"] in records and self._entry.text_of(records[row["task"]])
        ]
        if new:
            self._client.upsert(self._place(), new, ids=[record["external_id"] for record in new])

    def _place(self) -> str:
        """Return the dataset of second looks; made if there is none."""
        entry, scorer = self._entry, self._entry.served.scorer
        labels = sorted(scorer.run_index.labels if scorer else (), key=str.casefold)
        return find_or_make(
            self._client, entry.dataset.name, workspace=self._workspace, labels=labels, task=entry.question.task
        )


def _responses_in(records: Sequence[Record], entry: ServedDataset) -> Iterator[tuple[Mapping[str, Any], Record]]:
    """Yield each answer that was submitted or discarded, with its record; what apply wrote is nobody's answer."""
    for record in records:
        mark = (record.get("metadata") or {}).get(APPLIED)
        for response in record.get("responses") or ():
            value = entry.question.response(response["values"])
            if response["status"] in _SAID and (mark is None or mark != mark_of(str(response["user_id"]), value)):
                yield response, record


def _time(response: Mapping[str, Any]) -> str:
    return f"{response['updated_at']}+00:00"  # the server's times are UTC and do not say so
