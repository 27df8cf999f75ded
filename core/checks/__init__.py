"""The checks, one module an issue, with their registry and what they share. May import label_quality and lower rooms.

A check is a function from the :class:`Context` of a scan to a :class:`Result`. To add one, write a module here and
decorate its function with ``@check(...)``: every module of this folder is imported, and the registry orders them.
"""

from importlib import import_module
from pkgutil import iter_modules

from .context import Context, Result
from .registry import Check, check, checks

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["Check", "Context", "Result", "check", "checks"]
