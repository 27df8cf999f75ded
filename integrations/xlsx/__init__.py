"""Spreadsheets: flagged samples as a sheet with a decision column, and people's decisions back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from labelsift.errors import InputError, MissingExtraError
from labelsift.platforms import LabelingPlatform

if TYPE_CHECKING:
    import pyarrow as pa
    from labelsift.data.review_queue import ReviewQueue
    from labelsift.platforms import PushRequest, Receipt


class Xlsx(LabelingPlatform):
    """The labeling platform ``xlsx``: a project is a workbook.

    Its only mode is ``choose``: in a sheet a filled cell is a decision, and nothing hides the given label.
    """

    name = "xlsx"
    settings = MappingProxyType({"file": ""})
    capabilities = frozenset({"classification", "text", "both_fit", "copies", "actions", "forget"})

    def push(self, queue: ReviewQueue, request: PushRequest) -> Receipt:
        """Write flagged samples into a workbook, worst first; what people wrote there stays.

        Raises
        ------
        InputError
            If the workbook is another run's or none of labelsift's.
        """
        _require_package()
        from .push import push_sheet

        return push_sheet(queue, _workbook(request.project), definitions=request.definitions, dry_run=request.dry_run)

    def pull(self, *, project: str, store: str | PathLike[str] | None = None) -> pa.Table:
        """Return the decisions in a workbook; see :func:`labelsift.integrations.xlsx.pull.read_decisions`.

        A workbook shows the given labels, so nothing is asked of ``store``.
        """
        _require_package()
        from .pull import read_decisions

        return read_decisions(_workbook(project))

    def forget(self, ids: Sequence[str], *, project: str, match: str | None = None, dry_run: bool = False) -> int:
        """Delete the rows of some samples from a workbook, with what people wrote in them, and copies in other rows."""
        _require_package()
        from .erase import erase_rows

        return erase_rows(_workbook(project), ids, dry_run=dry_run)

    def doctor(self) -> Mapping[str, str]:
        """Say whether the package that reads and writes workbooks is there."""
        try:
            _require_package()
        except MissingExtraError as error:
            return {error.what: error.hint}
        return {}


def _workbook(project: str) -> Path:
    if not project.lower().endswith(".xlsx"):
        raise InputError(f"{project} is no workbook", hint="Name a file that ends with .xlsx")
    return Path(project)


def _require_package() -> None:
    from importlib.util import find_spec

    if find_spec("openpyxl") is None:
        raise MissingExtraError("openpyxl", "xlsx", purpose="A spreadsheet")
