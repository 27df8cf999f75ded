"""The steps of ``disable``: takes back what ``enable`` changed in a project, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labelsift.errors import InputError, PlatformError
from labelsift.platforms import Receipt
from labelsift.store.undo_record import UndoRecord, UndoRecords

from ..client.client import NAME, Client
from ..convert import task_fields as convert
from ..convert.header_tags import has_lines, without_lines
from ..convert.tabs import DEFAULT_TAB
from ..second_look_project import find
from ..state.match import find_project
from ..state.rounds import rounds_in
from .enable import is_ours
from .ml_backend import TITLE, disconnect, hook_of, wires_of


def disable(client: Client, *, project: str, store: Path | str | None = None, dry_run: bool = False) -> Receipt:
    """Take back what ``enable`` changed, by the record that it left in the store.

    Where people have changed the same thing since, only what is labelsift's goes: the header lines out of an edited
    config, tabs under labelsift's own titles (a renamed one stays), a model version of labelsift's. What cannot be told
    apart stays and is named in the receipt's ``failed``; then the record stays, too. Tasks keep labelsift's fields and
    predictions: ``forget`` deletes those of single samples.

    Raises
    ------
    InputError
        If this store has no record of the project.
    PlatformError
        If the server cannot be reached or refuses; the same command goes on from there.
    """
    project_data = find_project(client, project)
    records = UndoRecords(store, NAME)
    record = records.read(project_data)
    if record is None:
        raise InputError(
            f"{records.place} has no record that {project_data['title']} was enabled",
            hint="Name the store that it was enabled from: --store",
        )
    receipt = Receipt(platform=NAME, target=project_data["title"], dry_run=dry_run)
    work = _Disabling(client, project_data, record, receipt)
    work.model_version()
    work.config()
    work.backend()
    work.tabs()
    looks, names = find(client, int(project_data["id"])), (project, project_data["title"], str(project_data["id"]))
    left = [str(looks["title"])] if looks else []  # people have answered in these
    left += [round.title for round in rounds_in(client.projects()) if round.of in names]
    if left:
        receipt.details["projects_left"] = f"{', '.join(left)}: hold people's answers; delete them by hand"
    receipt.details["tasks"] = "keep labelsift's fields and predictions; labelsift forget deletes those of samples"
    if not dry_run and not receipt.failed:
        records.delete(project_data)
    return receipt


@dataclass
class _Disabling:
    """The steps back; each is decided by what stands now, so they can be done again after a crash."""

    client: Client
    project: Mapping[str, Any]
    record: UndoRecord
    receipt: Receipt

    @property
    def number(self) -> int:
        return self.record.project

    def change(self, name: str, detail: object, act: Callable[[], object]) -> None:
        self.receipt.updated += 1
        self.receipt.details[name] = detail
        if not self.receipt.dry_run:
            act()

    def model_version(self) -> None:
        now, before = self.project["model_version"] or "", self.record.before.model_version
        ours = now in (TITLE, self.record.model_version) or now.startswith(convert.model_version(""))
        if not ours or now == before:
            return

        def restore() -> None:
            try:
                self.client.set_model_version(self.number, before)
            except PlatformError as error:
                self.receipt.failed["model version"] = error.what

        self.change("model_version", before or "none", restore)

    def config(self) -> None:
        now, before = self.project["label_config"] or "", self.record.before.label_config
        if now == before or self.record.label_config is None or not has_lines(now) or has_lines(before):
            return
        wanted = before if now == self.record.label_config else without_lines(now)
        if wanted is None:
            self.receipt.failed["labeling config"] = (
                "Something else stands within labelsift's header lines; take the View of class labelsift-ask out by "
                "hand (Settings → Labeling Interface → Code), then disable again"
            )
            return
        detail = "as it was" if wanted == before else "without the header lines; what was edited since stays"
        self.change("labeling_config", detail, lambda: self.client.write_config(self.number, wanted))

    def backend(self) -> None:
        record = self.record
        now = wires_of(self.client, self.number)
        rows, hooks = {*record.backends}, {*record.webhooks}
        if record.backend:  # also what a crash kept from being noted
            more = now.made(record.backend, but=(record.before.backends, record.before.webhooks))
            rows, hooks = rows | more[0], hooks | more[1]
        needed = {hook_of(row["url"]) for row in now.backends if row["id"] not in rows}  # people's own, same address
        hooks = {hook["id"] for hook in now.webhooks if hook["id"] in hooks and hook["url"] not in needed}
        rows &= {row["id"] for row in now.backends}
        if rows or hooks:
            detail = f"{len(rows)} taken off, with {len(hooks)} webhooks"
            self.change("backends", detail, lambda: disconnect(self.client, backends=rows, webhooks=hooks))

    def tabs(self) -> None:
        record, left, gone = self.record, [], 0
        for view in self.client.views(self.number):
            key, data = str(view["id"]), view["data"]
            old = record.before.views.get(key)
            if old is not None:
                self._restore(view, old)
            elif is_ours(view, [record.tabs.get(key, "")]) or (key in record.tabs and _is_plain(data)):
                gone += 1
                if not self.receipt.dry_run:
                    self.client.delete_view(int(view["id"]))
            elif key in record.tabs:
                left.append(str(data.get("title")))
        self.receipt.updated += gone
        self.receipt.details["tabs_deleted"] = gone
        if left:
            self.receipt.details["tabs_left"] = f"{', '.join(left)}: changed since, so no more labelsift's"

    def _restore(self, view: Mapping[str, Any], old: Mapping[str, Any]) -> None:
        written = self.record.tabs_changed.get(str(view["id"]))
        if written is None or view["data"].get("filters") != written.get("filters"):
            return
        data = {**view["data"], "filters": old["data"].get("filters")}
        if view["data"] == written:
            data = old["data"]
        name, number = f"tab {view['data'].get('title')}", int(view["id"])
        self.change(name, "as it was", lambda: self.client.write_view(number, self.number, data))


def _is_plain(data: Mapping[str, Any]) -> bool:
    """Tell whether a tab is the first one that enable made for a project without tabs, and nobody has set it up."""
    return {name: value for name, value in data.items() if value} == {
        name: value for name, value in DEFAULT_TAB.items() if value
    }
