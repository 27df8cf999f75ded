"""labelsift finds what is wrong with a labeled data set and puts it in front of people who can fix it.

>>> import pyarrow as pa
>>> import labelsift as ls
>>> samples = ls.read(pa.table({"text": ["refund please", "where is my order"], "label": ["refund", "delivery"]}),
...                   label="label")
>>> len(samples)
2
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

from .data.issues import fill_with as _fill_with

if TYPE_CHECKING:
    from .capture.capture import Capture
    from .capture.watch import watch
    from .corrections.annotate import note
    from .corrections.progress import agreement
    from .corrections.record import record, recorded
    from .data.samples import Samples
    from .data.taxonomy import Taxonomy
    from .errors import InputError, LabelsiftError, PlatformError, StoreError
    from .io.read import read
    from .label_quality.pred_probs import TopK
    from .label_quality.score_labels import score_labels
    from .platforms import Receipt, pull
    from .report import Report, load
    from .scanning import scan
    from .signals.dynamics_writer import DynamicsWriter
    from .signals.signals import Signals
    from .signals.training_dynamics import Dynamics

_MODULE_OF = {
    "Capture": ".capture.capture",
    "watch": ".capture.watch",
    "note": ".corrections.annotate",
    "agreement": ".corrections.progress",
    "record": ".corrections.record",
    "recorded": ".corrections.record",
    "Samples": ".data.samples",
    "Taxonomy": ".data.taxonomy",
    "InputError": ".errors",
    "LabelsiftError": ".errors",
    "PlatformError": ".errors",
    "StoreError": ".errors",
    "read": ".io.read",
    "TopK": ".label_quality.pred_probs",
    "score_labels": ".label_quality.score_labels",
    "Receipt": ".platforms",
    "pull": ".platforms",
    "Report": ".report",
    "load": ".report",
    "scan": ".scanning",
    "DynamicsWriter": ".signals.dynamics_writer",
    "Signals": ".signals.signals",
    "Dynamics": ".signals.training_dynamics",
}  # a name is imported when it is first used (PEP 562): numpy and pyarrow take longer than ``--help``

__all__ = [
    "Capture",
    "Dynamics",
    "DynamicsWriter",
    "InputError",
    "LabelsiftError",
    "PlatformError",
    "Receipt",
    "Report",
    "Samples",
    "Signals",
    "StoreError",
    "Taxonomy",
    "TopK",
    "agreement",
    "load",
    "note",
    "pull",
    "read",
    "record",
    "recorded",
    "scan",
    "score_labels",
    "watch",
]


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(_import_module(_MODULE_OF[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)


_fill_with(lambda: _import_module(".checks", __name__))
