"""Label Studio: review projects for people, and their decisions back."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from labelsift.platforms import LabelingPlatform, Local
from labelsift.review.batches import speaker

if TYPE_CHECKING:
    import pyarrow as pa
    from labelsift.data.review_queue import ReviewQueue
    from labelsift.data.samples import Samples
    from labelsift.platforms import ApplyRequest, Health, PushRequest, Receipt

    from .client.client import Client


class LabelStudio(LabelingPlatform):
    """The labeling platform ``label-studio``.

    The server's address and key come from LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY or LABEL_STUDIO_API_KEY_FILE.
    Each method raises an InputError where what is asked does not fit the project or the store, and a PlatformError
    where the server cannot be reached or refuses.
    """

    name = "label-studio"
    settings = MappingProxyType({"project": "", "url": "LABEL_STUDIO_URL"})
    capabilities = frozenset(
        {"classification", "multilabel", "spans", "text", "image", "audio", "prefill", "blind", "rounds", "lanes"}
        | {"overlap", "link", "match", "both_fit", "copies", "actions", "edit"}
        | {"read", "apply", "enable", "serve", "forget", "examine", "local"}
    )

    def push(self, queue: ReviewQueue, request: PushRequest) -> Receipt:
        """Bring a queue into a review project, or with ``match`` into an existing project."""
        from .push.existing_project import push_existing
        from .push.review_project import push_review

        push = push_existing if request.match else push_review
        return push(_client(), queue, request, say=speaker())

    def pull(self, *, project: str, store: str | PathLike[str] | None = None) -> pa.Table:
        """Return all decisions in the review projects of ``project`` and in the project itself, oldest first.

        Of the project itself, into which was pushed with ``match``, what people said since then. What was pulled
        before is remembered in the store, and only tasks that changed since are read.
        """
        from .pull.existing_project import pull_project

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
        """Return the tasks of an existing project as samples; see :func:`.read.read_project`."""
        from .read import read_project

        return read_project(_client(), project, id=id, split=split, predicted=predicted, metadata=metadata, name=name)

    def apply(self, corrections: pa.Table, request: ApplyRequest) -> Receipt:
        """Write decisions into a project of the user's own; see :func:`.apply.apply.apply_corrections`."""
        from .apply.apply import apply_corrections

        return apply_corrections(_client(), corrections, request, say=speaker())

    def forget(self, ids: Sequence[str], *, project: str, match: str | None = None, dry_run: bool = False) -> int:
        """Delete the tasks of some samples in the review projects of ``project``, with people's answers on them.

        In a project of the user's own (``match``) only labelsift's fields and predictions are deleted.
        """
        from .erase import erase_fields, erase_tasks

        erase = erase_fields if match else erase_tasks
        return erase(_client(), ids, project=project, dry_run=dry_run)

    def enable(
        self,
        *,
        project: str,
        run: str,
        backend: str | None = None,
        store: Path | str | None = None,
        agree: Callable[[str], bool] | None = None,
        prefill: bool = False,
        dry_run: bool = False,
    ) -> Receipt:
        """Plug labelsift into a project: backend, header lines, tabs; see :func:`.enable.enable.enable`.

        ``backend`` is the address as Label Studio sees it; its password comes from LABELSIFT_BACKEND_PASSWORD or
        LABELSIFT_BACKEND_PASSWORD_FILE. ``agree`` is shown the change of the labeling config as a unified diff.
        """
        from labelsift.report import load
        from labelsift.review.items import findings_of
        from labelsift.store.base import DEFAULT

        from .enable.enable import enable

        client = _client()
        loaded = load(run, store=store or DEFAULT)
        return enable(
            client,
            project=project,
            run=loaded.run,
            issues=list(dict.fromkeys(row["issue"] for row in findings_of(loaded))),
            backend=backend,
            store=store,
            agree=agree,
            prefill=prefill,
            dry_run=dry_run,
        )

    def disable(self, *, project: str, store: Path | str | None = None, dry_run: bool = False) -> Receipt:
        """Take back what ``enable`` changed in a project; see :func:`.enable.disable.disable`."""
        from .enable.disable import disable

        return disable(_client(), project=project, store=store, dry_run=dry_run)

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
        """Be the ML backend of projects until stopped."""
        from .backend.serve import serve

        serve(projects=projects, store=store, host=host, port=port, second_look=second_look, train=train)

    def doctor(self) -> Mapping[str, str]:
        """Say what is wrong with the connection and how to mend it; empty when all is well."""
        return self.examine().problems

    def examine(self, *, project: str | None = None) -> Health:
        """Say what is wrong with the connection, and with a project, how to mend it, and what is good to know."""
        from .doctor import examine

        return examine(project)

    @contextlib.contextmanager
    def local(self, folder: Path, *, say: Callable[[str], None]) -> Iterator[Local]:
        """Run a real server on this machine, with its data in ``folder``."""
        from .server import LabelStudioServer

        with LabelStudioServer(folder, say=say) as server:
            login = f"Log in as {server.username} with the password {server.password}."
            yield Local(server.variables(), (login, "Then press “Label All Tasks”: the worst sample comes first."))

    def arrived(self, receipt: Receipt) -> dict[str, Any]:
        """Ask the server what the project of a push holds: tasks, tabs, predictions."""
        client = _client()
        project = client.project(int(receipt.details["project_id"]))
        return {
            "project": project["title"],
            "tasks": sum(len(page) for page in client.tasks(project["id"])),
            "tabs": len(client.views(project["id"])),
            "predictions": len(client.predictions(project["id"])),
        }


def _client() -> Client:
    from .client.connect import connect

    return connect()
