"""labelsift finds what is wrong with a labeled data set and puts it in front of people who can fix it.

>>> import pyarrow as pa
>>> samples = read(pa.table({"text": ["refund please", "where is my order"], "label": ["refund", "delivery"]}),
...                label="label")
>>> len(samples)
2
"""

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

__all__ = [
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
]
