"""Desk of second looks in Label Studio: a project of its own for each project, and in it the tab of each person."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from labelsift.serving.database import Database
from labelsift.serving.second_looks import Look

from ..client.client import NAME
from ..convert.label_config import LabelControl
from ..second_look_project import ensure_tab, find_or_make, second_data, standing
from .projects import ServerCache


@dataclass(frozen=True)
class ProjectDesk:
    """Asks about the answers of one project; a :class:`labelsift.serving.second_looks.Desk`.

    Parameters
    ----------
    project
        The project's number.
    label, config
        Where its labels stand, and its labeling config.
    """

    server: ServerCache
    database: Database
    project: int
    label: LabelControl
    config: str
    platform = NAME
    anybody = ""  # each person is asked in a tab of their own

    @property
    def target(self) -> str:
        """The project's number."""
        return str(self.project)

    def people(self) -> Collection[str]:
        """Name every account."""
        return self.server.people().values()

    def arrived(self, keys: Sequence[str]) -> set[str]:
        """Return which of these looks stand on the server."""
        return standing(self.server.client, self._place(), keys)

    def ask(self, looks: Sequence[Look], *, people: Sequence[str]) -> None:
        """Import the tasks of looks, and make the tab of each person who has none."""
        client, place = self.server.client, self._place()
        if looks:
            pages = client.tasks(self.project, ids=[int(row["task"]) for row in looks])
            tasks = {int(task["id"]): task["data"] for page in pages for task in page}
            new = [
                {
                    "data": second_data(
                        tasks[row["task"]], self.label, config=self.config, key=row["key"], asked=row["asked"]
                    )
                }
                for row in looks
                if row["task"] in tasks
            ]
            if new:
                client.import_tasks(place, new)
        for person in people:
            ensure_tab(client, place, person)

    def _place(self) -> int:
        """Return the project of second looks, remembered as long as the server has it."""
        name = f"second looks of {self.project}"
        place = self.database.fact(name)
        if place is not None and self.server.exists(int(place)):
            return int(place)
        number = find_or_make(self.server.client, self.project)
        self.database.keep(name, str(number))
        return number
