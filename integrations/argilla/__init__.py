"""Argilla: review datasets for people, and their decisions back."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from labelsift.platforms import Health, LabelingPlatform, Local
from labelsift.review.batches import speaker

if TYPE_CHECKING:
    import pyarrow as pa
    from labelsift.data.review_queue import ReviewQueue
    from labelsift.data.samples import Samples
    from labelsift.platforms import ApplyRequest, PushRequest, Receipt

    from .client.client import Client


class Argilla(LabelingPlatform):
    """The labeling platform ``argilla``.

    The server's address and key come from ARGILLA_API_URL and ARGILLA_API_KEY or ARGILLA_API_KEY_FILE. A project is
    ``workspace/dataset``, or ``dataset`` in the workspace of ARGILLA_WORKSPACE or the only one that the account sees.
    Each method raises an InputError where what is asked does not fit the dataset or the store, and a PlatformError
    where the server cannot be reached or refuses.
    """

    name = "argilla"
    settings = MappingProxyType({"project": "", "url": "ARGILLA_API_URL", "workspace": "ARGILLA_WORKSPACE"})
    capabilities = frozenset(
        {"classification", "multilabel", "spans", "text", "prefill", "blind", "rounds", "overlap", "both_fit", "copies"}
        | {"actions", "edit"}
        | {"match", "read", "apply", "forget", "serve", "examine", "local"}
    )

    def push(self, queue: ReviewQueue, request: PushRequest) -> Receipt:
        """Bring a queue into a review dataset, or with ``match`` into an existing dataset."""
        from .push.existing_dataset import push_existing
        from .push.review_dataset import push_review

        push = push_existing if request.match else push_review
        return push(_client(), queue, request, say=speaker())

    def pull(self, *, project: str, store: str | PathLike[str] | None = None) -> pa.Table:
        """Return all decisions in the review datasets of ``project`` and in the dataset itself, oldest first."""
        from .pull.existing_dataset import pull_project

        return pull_project(_client(), project=project, store=store)

    def read(
        self,
        project: str,
        *,
        id: str | None = None,
        split: str | None = None,
        predicted: str | None = None,
        metadata: Sequence[str] = (),
        name: str | None = None,
    ) -> Samples:
        """Return the records of an existing dataset as samples; see :func:`.read.read_dataset`."""
        from .read import read_dataset

        return read_dataset(_client(), project, id=id, split=split, predicted=predicted, metadata=metadata, name=name)

    def apply(self, corrections: pa.Table, request: ApplyRequest) -> Receipt:
        """Write decisions into a dataset of the user's own; see :func:`.apply.apply.apply_corrections`."""
        from .apply.apply import apply_corrections

        return apply_corrections(_client(), corrections, request, say=speaker())

    def forget(self, ids: Sequence[str], *, project: str, match: str | None = None, dry_run: bool = False) -> int:
        """Delete the records of some samples in the review datasets of ``project``, with people's answers on them.

        In a dataset of the user's own (``match``) only labelsift's metadata, suggestions and responses are deleted.
        """
        from .erase import erase_parts, erase_records

        erase = erase_parts if match else erase_records
        return erase(_client(), ids, project=project, dry_run=dry_run)

    def doctor(self) -> Mapping[str, str]:
        """Say what is wrong with the connection and how to mend it; empty when all is well."""
        return self.examine().problems

    def examine(self, *, project: str | None = None) -> Health:
        """Say what is wrong with the connection, and with a dataset, how to mend it, and what is good to know."""
        from .doctor import examine

        return examine(project)

    @contextlib.contextmanager
    def local(self, folder: Path, *, say: Callable[[str], None]) -> Iterator[Local]:
        """Run a real server on this machine, with its data in ``folder``."""
        from .server import ArgillaServer

        with ArgillaServer(folder, say=say) as server:
            login = f"Log in as {server.username} with the password {server.password}."
            yield Local(server.variables(), (login, "The worst record comes first."))

    def arrived(self, receipt: Receipt) -> dict[str, Any]:
        """Ask the server what the dataset of a push holds: records, suggestions, metadata properties."""
        client = _client()
        dataset = client.dataset(receipt.details["dataset"])
        records = [record for page in client.records(dataset.id, include=["suggestions"]) for record in page]
        return {
            "dataset": dataset.title,
            "records": len(records),
            "suggestions": sum(len(record["suggestions"]) for record in records),
            "metadata": len(dataset.metadata),
        }

    def serve(
        self,
        *,
        projects: Mapping[str, str],
        store: Path | str | None = None,
        host: str = "127.0.0.1",
        port: int = 9090,
        second_look: bool = False,
        train: bool = False,
    ) -> None:
        """Judge what comes into datasets until stopped; see :func:`.serve.serve.serve`."""
        from .serve.serve import serve

        serve(_client(), projects=projects, store=store, host=host, port=port, second_look=second_look, train=train)


def _client() -> Client:
    from .client.connect import connect

    return connect()
