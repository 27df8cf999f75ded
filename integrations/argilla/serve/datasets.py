"""Served datasets: which run judges each, where its texts and labels stand, and labelsift's metadata properties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labelsift.data.review_queue import Value
from labelsift.errors import InputError
from labelsift.serving.logs import Log
from labelsift.serving.served_run import Served, open_runs
from labelsift.store.store import Store

from ..client.client import Client
from ..client.read import Dataset
from ..convert.review_schema import ISSUES, QUALITY, RUN, property_of
from ..push.existing_plan import REASON
from ..read import Target, target_of

PROPERTIES = {
    QUALITY: ("float", "Quality"),
    ISSUES: ("terms", "Issues"),
    RUN: ("terms", "Run"),
    REASON: ("terms", "Why"),
}
_HINT = "A dataset is served that has a question for labels and a field of texts"


@dataclass(frozen=True)
class ServedDataset(Target):
    """A dataset, and the run that judges its records."""

    served: Served

    @property
    def id(self) -> str:
        """The dataset's id."""
        return self.dataset.id

    @property
    def misfit(self) -> str:
        """Why its run cannot judge it; empty where it can, or is not loaded yet."""
        task = self.served.scorer.run_index.task if self.served.scorer else self.question.task
        if task == self.question.task:
            return ""
        return f"The run is about {task}, the question {self.question.name} about {self.question.task}"

    @property
    def judged(self) -> bool:
        """Whether its records are judged."""
        return self.served.scorer is not None and not self.misfit

    def under_data(self, value: Value | None) -> Value | None:
        """Return a value of the question under the names that the run has."""
        labels = self.served.scorer.run_index.labels if self.served.scorer else ()
        return self.question.names.to_data(value, labels) if self.question.labels else value

    def text_of(self, record: Mapping[str, Any]) -> str | None:
        """Return the text of a record; None where it is missing or empty."""
        text = record["fields"].get(self.field)
        return text if isinstance(text, str) and text.strip() else None


def open_datasets(
    client: Client, projects: Mapping[str, str], *, store: Store, folder: Path, log: Log
) -> dict[str, ServedDataset]:
    """Find the datasets and their runs, and add the metadata properties that a dataset lacks; dataset id → dataset.

    Raises
    ------
    InputError
        If no dataset is named, or one is not there, a draft, labelsift's own, or without texts and labels.
    StoreError
        If there is no such run.
    """
    if "" in projects:
        raise InputError(
            "Say which datasets are served: what labelsift says of their records is written into them",
            hint="labelsift serve argilla WORKSPACE/DATASET",
        )
    datasets: dict[str, ServedDataset] = {}
    for project, served in open_runs(projects, store=store, folder=folder, log=log).items():
        dataset = client.dataset(project)
        if dataset.about["status"] != "ready":
            raise InputError(f"{dataset.title} is a draft, which takes no records", hint="Publish it first")
        target = target_of(dataset, hint=_HINT)
        if target.medium != "text":
            raise InputError(f"{dataset.title} shows no texts, and only texts can be judged when they come", hint=_HINT)
        _add_properties(client, dataset)
        datasets[dataset.id] = ServedDataset(**vars(target), served=served)
    return datasets


def _add_properties(client: Client, dataset: Dataset) -> None:
    kinds = {name: row["settings"]["type"] for name, row in dataset.metadata.items()}
    wrong = [name for name, (kind, _) in PROPERTIES.items() if kinds.get(name, kind) != kind]
    if wrong:
        raise InputError(
            f"Metadata properties of {dataset.title} have labelsift's names and other types",
            ids=wrong,
            hint="Delete them in the dataset's settings; labelsift adds its own",
        )
    for name, (kind, title) in PROPERTIES.items():
        if name not in kinds:
            client.add_setting(dataset.id, "metadata-properties", property_of(name, kind, title=title))
