"""Label Studio: review projects for people, and their decisions back."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelsift.platforms import MODES, Local, PushOptions

if TYPE_CHECKING:
    import pyarrow as pa
    from labelsift.data.adjudication import Policy
    from labelsift.data.samples import Samples
    from labelsift.platforms import Health, Mode, Receipt
    from labelsift.store.run import Run


class LabelStudio:
    """The labeling platform ``label-studio``; see :class:`labelsift.platforms.Labeler`.

    The server's address and key come from LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY or
    LABEL_STUDIO_API_KEY_FILE.
    """

    name = "label-studio"
    tasks = ("classification", "multilabel", "spans")
    media = ("text", "image", "audio")

    def __init__(self) -> None:
        self._options = PushOptions()

    def adjusted(self, options: PushOptions) -> LabelStudio:
        """Return the platform as it pushes with these options; see :class:`labelsift.platforms.Adjustable`."""
        made = LabelStudio()
        made._options = options
        return made

    def push(
        self,
        report: Run,
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

        from .client.connect import connect
        from .push.existing_project import push_existing
        from .push.progress import speaker
        from .push.review_project import push_review

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
                options=self._options,
                dry_run=dry_run,
                say=say,
            )
        return push_review(
            client,
            report,
            project=project,
            mode=mode,
            only=only,
            budget=budget,
            options=self._options,
            dry_run=dry_run,
            say=say,
        )

    def push_round(
        self,
        report: Run,
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
        from .client.connect import connect
        from .push.progress import speaker
        from .push.review_project import push_review

        return push_review(
            connect(),
            report,
            project=project,
            mode=mode,
            only=only,
            budget=budget,
            repeats=repeats,
            blind=blind,
            options=self._options,
            dry_run=dry_run,
            say=speaker(),
        )

    def pull(self, *, project: str, store: Path | str | None = None) -> pa.Table:
        """Return people's decisions in the review projects of ``project`` and in the project itself.

        Of the project itself, into which was pushed with ``match``, what people said since then. What was pulled
        before is remembered in the store, and only tasks that changed since are read.

        Parameters
        ----------
        project
            The name that was pushed under; a project's title or number.
        store
            The folder that keeps the runs, for the given labels of rounds in mode ``blind``, and what was pulled.

        Returns
        -------
        Table
            In CORRECTIONS_SCHEMA, oldest first: all decisions, not only the new ones.

        Raises
        ------
        InputError
            If nothing was pushed under this name, or a blind round's run is not in the store.
        PlatformError
            If the server cannot be reached or refuses.
        """
        from .client.connect import connect
        from .pull.existing_project import pull_project

        return pull_project(connect(), project=project, store=store)

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
        """Return the tasks of an existing project as samples; see :func:`.source.read_project`."""
        from .client.connect import connect
        from .read import read_project

        return read_project(connect(), project, id=id, split=split, predicted=predicted, metadata=metadata, name=name)

    def apply(
        self,
        corrections: pa.Table,
        *,
        project: str,
        match: str | None = None,
        policy: Policy = "majority",
        experts: Sequence[str] = (),
        undo: bool = False,
        dry_run: bool = False,
        store: Path | str | None = None,
    ) -> Receipt:
        """Write decisions into an existing project, beside people's own; see :func:`.applying.apply_corrections`."""
        from .apply.apply import apply_corrections
        from .client.connect import connect
        from .push.progress import speaker

        return apply_corrections(
            connect(),
            corrections,
            project=project,
            match=match,
            policy=policy,
            experts=experts,
            undo=undo,
            dry_run=dry_run,
            store=store,
            say=speaker(),
        )

    def forget(self, ids: Sequence[str], *, project: str, match: str | None = None, dry_run: bool = False) -> int:
        """Delete the tasks of some samples in the review projects of ``project``, with people's answers on them.

        In a project of the user's own (``match``) only labelsift's fields and predictions are deleted.

        Raises
        ------
        PlatformError
            If the server cannot be reached or refuses.
        """
        from .client.connect import connect
        from .erase import erase_fields, erase_tasks

        erase = erase_fields if match else erase_tasks
        return erase(connect(), ids, project=project, dry_run=dry_run)

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
        """Plug labelsift into a project: backend, header lines, tabs; see :func:`.enabling.enable`.

        Parameters
        ----------
        run
            The run whose flags the tabs show.
        backend
            The address of a running ``serve``, as Label Studio sees it; its password comes from
            LABELSIFT_BACKEND_PASSWORD or LABELSIFT_BACKEND_PASSWORD_FILE.
        agree
            Shown the change of the labeling config as a unified diff; None agrees.
        prefill
            Make the backend's answer the draft of every task.

        Raises
        ------
        InputError
            If there is no such project or run, or its labeling config does not fit.
        PlatformError
            If the server cannot be reached or refuses.
        """
        from labelsift.report import load
        from labelsift.store.base import DEFAULT

        from .client.connect import connect
        from .enable.enable import enable

        client = connect()
        report = load(run, store=store or DEFAULT)
        issues = {row["issue"]: None for row in report.findings.to_pylist() if row["scope"] == "sample"}
        return enable(
            client,
            project=project,
            run=report.run,
            issues=list(issues),
            backend=backend,
            store=store,
            agree=agree,
            prefill=prefill,
            dry_run=dry_run,
        )

    def disable(self, *, project: str, store: Path | str | None = None, dry_run: bool = False) -> Receipt:
        """Take back what ``enable`` changed in a project; see :func:`.disabling.disable`.

        Raises
        ------
        InputError
            If the store has no record that the project was enabled.
        PlatformError
            If the server cannot be reached or refuses.
        """
        from .client.connect import connect
        from .enable.disable import disable

        return disable(connect(), project=project, store=store, dry_run=dry_run)

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
        from .client.connect import connect

        client = connect()
        project = client.project(int(receipt.details["project_id"]))
        return {
            "project": project["title"],
            "tasks": sum(len(page) for page in client.tasks(project["id"])),
            "tabs": len(client.views(project["id"])),
            "predictions": len(client.predictions(project["id"])),
        }
