"""The checks, one module an issue, with their registry and what they share. May import label_quality and lower rooms.

A check is a function from the :class:`Context` of a scan to a :class:`Result`. To add one, write a module here and
decorate its function with ``@check(...)``: every module of this folder is imported, and the registry orders them.
Another package adds its own by an entry point of the group ``labelsift.checks`` that names such a module; see
``examples/``.
"""

from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules

from .context import Context, FactTable, Result
from .registry import Check, check, checks

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
for _point in sorted(entry_points(group="labelsift.checks"), key=lambda point: point.name):
    _point.load()

__all__ = ["Check", "Context", "FactTable", "Result", "check", "checks"]
