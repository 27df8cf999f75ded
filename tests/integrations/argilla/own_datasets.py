"""Datasets of the user's own on the real server, made without labelsift: one of each kind of label question."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

OPTIONS = [{"value": "card_arrival", "text": "Card arrival"}, {"value": "lost_card", "text": "Lost card"}]
TYPES = [{"value": "PER", "text": "Person"}, {"value": "LOC", "text": "Place"}]
QUESTIONS: dict[str, dict[str, Any]] = {
    "single": {"type": "label_selection", "options": OPTIONS},
    "multi": {"type": "multi_label_selection", "options": OPTIONS},
    "spans": {"type": "span", "field": "text", "options": TYPES},
    "rating": {"type": "rating", "options": [{"value": value} for value in range(1, 6)]},
    "free": {"type": "text", "use_markdown": False},
}
TEXTS = ["Anna lives in Łódź 🙂", "Tom met Eve in Paris", "カードが届きません", "Ben saw Rome"]


@dataclass(frozen=True)
class Made:
    """A dataset that was made, and how to look at all of it."""

    id: str
    question: str
    api: Callable[..., Any]

    def records(self) -> dict[str, Any]:
        """Everything that the server tells of each record but when it was written, by external id."""
        page = self.api(
            "GET", f"/datasets/{self.id}/records", limit=1000, include=["responses", "suggestions", "vectors"]
        )
        return {row["external_id"]: {**row, "updated_at": ""} for row in page["items"]}

    def log(self, *records: Mapping[str, Any]) -> None:
        """Create or change records by the server's own interface."""
        self.api("PUT", f"/datasets/{self.id}/records/bulk", {"items": list(records)})

    def record(
        self,
        number: int,
        said: Mapping[str, Any],
        *,
        text: str | None = None,
        status: str = "submitted",
        suggested: Any = None,
    ) -> dict[str, Any]:
        """Return a record ``t<number>``; ``said`` is user id → value."""
        body: dict[str, Any] = {"external_id": f"t{number}", "fields": {"text": text or TEXTS[number % len(TEXTS)]}}
        body["metadata"] = {"source": ("mail", "web")[number % 2], "theirs": ["b", "a"]}
        body["responses"] = [
            {"user_id": user, "status": status, "values": {"label": {"value": value}}} for user, value in said.items()
        ]
        if suggested is not None:
            body["suggestions"] = [{"question_id": self.question, "value": suggested, "agent": "their model"}]
        return body


def make_dataset(
    api: Callable[..., Any],
    workspace: str,
    name: str,
    kind: str = "single",
    *,
    questions: Sequence[Mapping[str, Any]] = (),
    settings: Mapping[str, Any] | None = None,
    required: bool = True,
    extra: bool = True,
) -> Made:
    """Make and publish a dataset with the fields text and hint, the question label and whatever else is wanted."""
    about = {"name": name, "workspace_id": workspace, "allow_extra_metadata": extra}
    dataset = api("POST", "/datasets", about)["id"]
    for field, needed in (("text", True), ("hint", False)):
        body = {"name": field, "title": field, "required": needed, "settings": {"type": "text"}}
        api("POST", f"/datasets/{dataset}/fields", body)
    body = {"name": "label", "title": "Label", "required": required, "settings": settings or QUESTIONS[kind]}
    question = api("POST", f"/datasets/{dataset}/questions", body)["id"]
    for further in questions:
        api("POST", f"/datasets/{dataset}/questions", further)
    for property in ("source", "theirs"):
        settings = {"name": property, "title": property, "settings": {"type": "terms"}}
        api("POST", f"/datasets/{dataset}/metadata-properties", settings)
    api("PUT", f"/datasets/{dataset}/publish")
    return Made(dataset, question, api)
