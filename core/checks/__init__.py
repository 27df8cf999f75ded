"""The checks, one module an issue.

A check is a function from the :class:`Context` of a scan to a :class:`Result`, registered under the name
of its issue with what it needs. To add one: write a module here, decorate its function with
``@check(...)`` and import the module below; the scan, the scores, the report and the platforms pick it
up from the registry.
"""

# fmt: off
from . import empty, language, exact_duplicate, near_duplicate, label, label_sets, span, conflicting_labels, outlier  # noqa: F401, I001 - in this order they run
from . import split_class as taxonomy, hard  # noqa: F401
# fmt: on
from .registry import Check, Context, Result, checks

__all__ = ["Check", "Context", "Result", "checks"]
