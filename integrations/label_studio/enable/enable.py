"""The steps of ``enable``: ML backend, header lines and tabs in a project of people's own.

Each step looks at what stands and does only what is missing, so a second ``enable`` changes nothing and one that was
interrupted is finished. What is changed stands in the record of :mod:`.plugged` first; :mod:`.disabling` takes it back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labelsift.errors import InputError, PlatformError
from labelsift.platforms import Receipt
from labelsift.review.dealing import DUPLICATES
from labelsift.store.undo_record import Before, UndoRecord, UndoRecords

from ..client.client import NAME, Client
from ..convert import task_fields as convert
from ..convert.header_tags import difference, has_lines, with_lines
from ..convert.label_config import label_control_of
from ..convert.tabs import DEFAULT_TAB, PREFIX, Tab, own_titles, project_tabs, since_of
from ..state.match import find_project
from ..state.server_state import put_tabs
from .ml_backend import TITLE, Wires, connect_backend, disconnect, wires_of

LEFT = "left as it is"


def enable(
    client: Client,
    *,
    project: str,
    run: str,
    issues: Sequence[str],
    backend: str | None = None,
    store: Path | str | None = None,
    agree: Callable[[str], bool] | None = None,
    prefill: bool = False,
    dry_run: bool = False,
) -> Receipt:
    """Connect the backend, put the header lines into the labeling config if that is agreed to, and make the tabs.

    Parameters
    ----------
    project
        Its title or number.
    run, issues
        The run that the tabs show, and what it flags.
    backend
        The address of a running ``serve``, as Label Studio sees it; None connects none and takes none off.
    agree
        Shown the change of the labeling config as a unified diff; None agrees.
    prefill
        Make the backend's answer the draft of every task. Without it the project's model version stays as it was,
        although Label Studio sets it when a backend is connected.

    Raises
    ------
    InputError
        If there is no such project, or its labeling config does not fit.
    StoreError
        If what is changed cannot be recorded; nothing was changed then.
    PlatformError
        If the server cannot be reached or refuses.
    """
    project_data = find_project(client, project)
    number, config = int(project_data["id"]), project_data["label_config"] or ""
    label_control_of(config, project=project_data["title"])
    receipt = Receipt(platform=NAME, target=project_data["title"], dry_run=dry_run)
    wanted = with_lines(config, project=project_data["title"])
    since = since_of([view["data"] for view in client.views(number)], run=run) or client.now()
    tabs = project_tabs(issues, run=run, grouped=not set(DUPLICATES).isdisjoint(issues), since=since)
    if dry_run:
        return _plan(client, receipt, number, tabs, change=difference(config, wanted), backend=backend)
    if wanted != config:
        client.validate_config(number, wanted)
        if agree is not None and not agree(difference(config, wanted)):
            wanted = config
    records = UndoRecords(store, NAME)
    wires, record = wires_of(client, number), records.read(project_data)
    first = record is None
    if record is None:
        before = Before(
            label_config=config,
            model_version=project_data["model_version"] or "",
            views={str(view["id"]): view for view in client.views(number)},
            backends=[int(row["id"]) for row in wires.backends],
            webhooks=[int(row["id"]) for row in wires.webhooks],
        )
        record = UndoRecord(number, project_data["title"], client.url, run, before)
    record.run, record.backend = run, backend or record.backend
    work = _Enabling(client, records, project_data, record, receipt)
    if backend:
        work.connect(backend, wires, first=first)
    now = client.project(number)
    work.model_version(now["model_version"] or "", prefill=prefill)
    work.config(config, wanted, now=now["label_config"] or "")
    work.tabs(tabs)
    page = f"{client.url}/projects/{number}"
    receipt.links = {"project": f"{page}/data"} | ({"model settings": f"{page}/settings/ml"} if record.backend else {})
    return receipt


def _plan(
    client: Client, receipt: Receipt, project: int, tabs: Sequence[Tab], *, change: str, backend: str | None
) -> Receipt:
    titles = {view["data"].get("title") for view in client.views(project)}
    missing = [str(tab["title"]) for tab in tabs if tab["title"] not in titles]
    connected = any(row["url"] == backend for row in wires_of(client, project).backends)
    receipt.created = len(missing) + bool(backend and not connected)
    receipt.updated = int(bool(change))
    receipt.unchanged = len(tabs) - len(missing) + (backend is not None and connected) + (not change)
    receipt.details = {"tabs": ", ".join(missing) or "all there", "backend": backend or "none"}
    receipt.details["labeling_config"] = change or "has the header lines"
    return receipt


@dataclass
class _Enabling:
    """The steps of enable; each writes the record before it changes something and after it knows the ids."""

    client: Client
    records: UndoRecords
    project: Mapping[str, Any]
    record: UndoRecord
    receipt: Receipt

    @property
    def number(self) -> int:
        return self.record.project

    def note(self) -> None:
        self.records.write(self.project, self.record)

    def connect(self, url: str, wires: Wires, *, first: bool) -> None:
        record, before = self.record, (self.record.before.backends, self.record.before.webhooks)
        if any(row["url"] == url for row in wires.backends):
            self._done("unchanged", backend=f"{url} is connected")
            rows, hooks = wires.made(url, but=before)
            if not first and (rows - {*record.backends} or hooks - {*record.webhooks}):
                self._own(rows, hooks)  # an enable that died before it noted them
            return
        self.note()
        try:
            rows, hooks = connect_backend(self.client, self.number, url, wires)
        except (InputError, PlatformError):
            if first:  # nothing was changed
                self.records.delete(self.project)
            raise
        outlived = wires.hooks(url) & {*record.webhooks}  # one that outlived its backend serves the new one
        disconnect(self.client, backends=record.backends, webhooks={*record.webhooks} - outlived)  # of another address
        self._own(rows, hooks | outlived)
        self._done("created", backend=f"{url} is connected")

    def _own(self, backends: set[int], webhooks: set[int]) -> None:
        self.record.backends, self.record.webhooks = sorted(backends), sorted(webhooks)
        self.note()

    def model_version(self, now: str, *, prefill: bool) -> None:
        """Keep or set what is pre-filled: connecting a backend sets it, and so would lead people."""
        record = self.record
        wanted = now
        if prefill:
            backends = wires_of(self.client, self.number).backends
            titles = (row["title"] for row in backends if row["url"] == record.backend)
            wanted = record.model_version = next(titles, convert.model_version(record.run))
        elif now == TITLE and record.before.model_version != TITLE:
            wanted = record.before.model_version
        if wanted == now:
            self.receipt.details["model_version"] = now or "none: nothing is pre-filled"
            return
        self.note()
        self.client.set_model_version(self.number, wanted)
        stands = self.client.project(self.number)["model_version"] or ""
        detail = stands or "none: nothing is pre-filled"
        if stands != wanted:  # the server says nothing where no task has predictions of that version
            detail = f"{detail}; no task has predictions of {wanted} yet, push them and enable again"
        if prefill:
            self._done("updated", model_version=detail)
        else:
            self.receipt.details["model_version"] = detail

    def config(self, agreed: str, wanted: str, *, now: str) -> None:
        if wanted == agreed:
            detail = "has the header lines" if has_lines(agreed) else LEFT
            self._done("unchanged", labeling_config=detail)
            return
        if now != agreed:
            raise InputError(
                f"Somebody changed the labeling config of {self.record.title} meanwhile", hint="Run enable again"
            )
        self.record.label_config = wanted
        self.note()
        self.client.write_config(self.number, wanted)
        self._done("updated", labeling_config="has the header lines now")

    def tabs(self, tabs: Sequence[dict[str, Any]]) -> None:
        record, wanted = self.record, list(tabs)
        standing = self.client.views(self.number)
        mine = {str(tab["title"]) for tab in tabs}
        theirs = {view["data"].get("title") for view in standing if not is_ours(view, mine)}
        taken = [str(tab["title"]) for tab in wanted if tab["title"] in theirs]
        wanted = [tab for tab in wanted if tab["title"] not in theirs]
        if wanted and not standing:
            wanted.insert(0, DEFAULT_TAB)
        by_title = {view["data"].get("title"): view for view in standing}
        for tab in wanted:
            old = by_title.get(tab["title"])
            if old and str(old["id"]) in record.before.views and old["data"].get("filters") != tab["filters"]:
                record.tabs_changed[str(old["id"])] = {**old["data"], **tab}
        self.note()
        _, written = put_tabs(self.client, self.number, wanted)
        titles = {tab["title"] for tab in wanted}
        new = {
            str(view["id"]): str(view["data"].get("title"))
            for view in self.client.views(self.number)
            if str(view["id"]) not in record.before.views and view["data"].get("title") in titles
        }
        if new.keys() - record.tabs.keys():
            self.receipt.created += len(new.keys() - record.tabs.keys())
            record.tabs |= new
            self.note()
        self.receipt.details |= {"tabs": len(wanted), "tabs_written": written}
        if taken:
            self.receipt.details["tabs_left"] = f"{', '.join(taken)}: somebody's own"

    def _done(self, count: str, **details: str) -> None:
        setattr(self.receipt, count, getattr(self.receipt, count) + 1)
        self.receipt.details |= details


def is_ours(view: Mapping[str, Any], titles: Collection[str] = ()) -> bool:
    """Tell whether a tab has a title of labelsift's and shows its fields; a copy or a renamed one is people's own."""
    title, filters = view["data"].get("title"), json.dumps(view["data"].get("filters") or {})
    return (title in titles or title in own_titles()) and PREFIX in filters
