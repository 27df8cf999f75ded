"""Label Studio: review projects for people, and their decisions back."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelsift.platforms import MODES, Local

if TYPE_CHECKING:
    import pyarrow as pa
    from labelsift.platforms import Mode, Receipt
    from labelsift.report import Report


class LabelStudio:
    """The labeling platform ``label-studio``; see :class:`labelsift.platforms.Labeler`.

    The server's address and key come from LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY or
    LABEL_STUDIO_API_KEY_FILE.
    """

    name = "label-studio"

    def push(
        self,
        report: Report,
        *,
        project: str,
        mode: Mode = "choose",
        match: str | None = None,
        create: bool = False,
        only: Sequence[str] | None = None,
        budget: int | None = None,
        dry_run: bool = False,
    ) -> Receipt:
        """Bring flagged samples into a review project, or with ``match`` into an existing project.

        Parameters
        ----------
        report
            The result of a scan.
        project
            Without ``match``, what the review project is named after; with it, the title or the
            number of a project.
        mode
            How much the labeler is led: ``choose`` shows the suggestion, ``prefill`` makes it the
            draft, ``blind`` shows neither label.
        match
            The field of an existing project's tasks that holds the sample id or its text, for
            example ``data.ticket_id``.
        create
            Make tasks for flagged samples that the existing project does not have.
        only, budget
            These issues only; at most so many samples.
        dry_run
            Return the plan and send nothing.

        Raises
        ------
        InputError
            If an argument or the project's labeling config does not fit.
        PlatformError
            If the server cannot be reached or refuses.
        """
        from labelsift.errors import InputError

        from .connect import connect
        from .existing import push_existing
        from .progress import speaker
        from .push import push_review

        if mode not in MODES:
            raise InputError(f"There is no mode {mode}", cure=f"Choose one of {', '.join(MODES)}")
        if create and not match:
            raise InputError(
                "create makes sense with match only", cure="A review project always gets every flagged sample"
            )
        client, say = connect(), speaker()
        if match:
            return push_existing(
                client,
                report,
                project=project,
                match=match,
                mode=mode,
                create=create,
                only=only,
                budget=budget,
                dry_run=dry_run,
                say=say,
            )
        return push_review(
            client, report, project=project, mode=mode, only=only, budget=budget, dry_run=dry_run, say=say
        )

    def push_round(
        self,
        report: Report,
        *,
        project: str,
        mode: Mode,
        repeats: Mapping[str, float],
        blind: Collection[str],
        only: Sequence[str] | None = None,
        budget: int | None = None,
        dry_run: bool = False,
    ) -> Receipt:
        """Push with second tasks of some samples, or some asked blind; see :class:`labelsift.platforms.Rounds`.

        Raises
        ------
        InputError
            If an argument does not fit.
        PlatformError
            If the server cannot be reached or refuses.
        """
        from .connect import connect
        from .progress import speaker
        from .push import push_review

        return push_review(
            connect(),
            report,
            project=project,
            mode=mode,
            only=only,
            budget=budget,
            repeats=repeats,
            blind=blind,
            dry_run=dry_run,
            say=speaker(),
        )

    def pull(self, *, project: str, store: Path | str | None = None) -> pa.Table:
        """Return people's decisions in the review projects of ``project``, in CORRECTIONS_SCHEMA.

        Parameters
        ----------
        project
            The name that was pushed under; a push with ``match`` makes no review project.
        store
            The folder that keeps the runs, for the given labels of rounds in mode ``blind``.

        Raises
        ------
        InputError
            If there is no such review project, or a blind round's run is not in the store.
        PlatformError
            If the server cannot be reached or refuses.
        """
        from .connect import connect
        from .pull import pull_reviews

        return pull_reviews(connect(), project=project, store=store)

    def forget(self, ids: Sequence[str], *, project: str, match: str | None = None, dry_run: bool = False) -> int:
        """Delete the tasks of some samples in the review projects of ``project``, with people's answers on them.

        In a project of the user's own (``match``) only labelsift's fields and predictions are deleted.

        Raises
        ------
        PlatformError
            If the server cannot be reached or refuses.
        """
        from .connect import connect
        from .erase import erase_fields, erase_tasks

        erase = erase_fields if match else erase_tasks
        return erase(connect(), ids, project=project, dry_run=dry_run)

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
        """Be the ML backend of projects until stopped; see :class:`labelsift.platforms.Serving`.

        Raises
        ------
        InputError
            If a project or the password does not fit, or the host is not loopback and there is no password.
        PlatformError
            If the server cannot be reached.
        """
        from .backend.serving import serve

        serve(projects=projects, store=store, host=host, port=port, second_look=second_look, train=train)

    def doctor(self) -> Mapping[str, str]:
        """Say what is wrong with the connection and how to mend it; empty when all is well."""
        from .doctor import examine

        return examine()

    @contextlib.contextmanager
    def local(self, folder: Path, *, say: Callable[[str], None]) -> Iterator[Local]:
        """Run a real server on this machine, with its data in ``folder``."""
        from .server import LabelStudioServer

        with LabelStudioServer(folder, say=say) as server:
            login = f"Log in as {server.username} with the password {server.password}."
            yield Local(server.variables(), (login, "Then press “Label All Tasks”: the worst sample comes first."))

    def arrived(self, receipt: Receipt) -> dict[str, Any]:
        """Ask the server what the project of a push holds: tasks, tabs, predictions."""
        from .connect import connect

        client = connect()
        project = client.project(int(receipt.details["project_id"]))
        return {
            "project": project["title"],
            "tasks": sum(len(page) for page in client.tasks(project["id"])),
            "tabs": len(client.views(project["id"])),
            "predictions": len(client.predictions(project["id"])),
        }
