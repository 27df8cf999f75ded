"""The house: few files at the top of core, small modules, shallow folders, and no circle of imports.

Computed from the sources alone. An import counts wherever it stands: at the top, inside a function, or for types only.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import ROOT, tracked

LINES = 300
DATA: set[str] = set()  # modules that are generated data
DEPTH = 3
TOP_FILES, TOP_FOLDERS = 7, 17


def modules() -> dict[str, Path]:
    """Every module of the package by the name under which it is imported."""
    named = {}
    for path in tracked("core", "integrations"):
        if path.suffix != ".py":
            continue
        parts = ["labelsift", *(path.parts[1:] if path.parts[0] == "core" else path.parts)]
        parts[-1] = parts[-1].removesuffix(".py")
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return named


def imports(name: str, source: str, *, package: bool, known: set[str]) -> Iterator[str]:
    """Yield the modules of ours that a source imports: of ``from a import b`` the module a.b, or a where b is a name.

    A package that is only passed on the way to a module does not count: Python runs its ``__init__`` first, but such
    an ``__init__`` would be found by its own imports.
    """
    here = name.split(".") if package else name.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            above = here[: len(here) - node.level + 1] if node.level else []
            module = ".".join([*above, *(node.module or "").split(".")]).rstrip(".")
            for alias in node.names:
                inner = f"{module}.{alias.name}"
                if inner in known or module in known:
                    yield inner if inner in known else module


def graph(sources: dict[str, tuple[str, bool]]) -> dict[str, set[str]]:
    """Map each module to the ones that it imports, itself left out."""
    known = set(sources)
    return {
        name: set(imports(name, source, package=package, known=known)) - {name}
        for name, (source, package) in sources.items()
    }


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """Return the strongly connected components of more than one module (Tarjan 1972), each sorted."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    circles_found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in sorted(edges[name]):
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            component = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(component) > 1:
                circles_found.append(sorted(component))

    for name in sorted(edges):
        if name not in index:
            visit(name)
    return circles_found


@pytest.mark.slow
def test_no_modules_import_each_other_in_a_circle():
    sources = {
        name: ((ROOT / path).read_text(encoding="utf-8"), path.name == "__init__.py")
        for name, path in modules().items()
    }
    edges = graph(sources)
    assert sum(map(len, edges.values())) > len(edges)  # the imports were understood
    rings = circles(edges)
    assert rings == [], "\n".join(" -> ".join(circle) for circle in rings)


@pytest.mark.parametrize(
    "line",
    [
        "from .b import x",
        "from . import b",
        "import labelsift.b",
        "def f():\n    from labelsift.b import x",
        "if TYPE_CHECKING:\n    from .b import x",
    ],
)
def test_a_circle_is_found_however_it_is_imported(line):
    sources = {"labelsift": ("", True), "labelsift.a": (line, False), "labelsift.b": ("from .a import y", False)}
    assert circles(graph(sources)) == [["labelsift.a", "labelsift.b"]]


def test_no_module_is_long():
    lengths = {str(path): (ROOT / path).read_text(encoding="utf-8").count("\n") for path in modules().values()}
    long = {name: count for name, count in lengths.items() if count > LINES and name not in DATA}
    assert long == {}, "\n".join(f"{name}: {count} lines" for name, count in long.items())


def test_folders_are_shallow():
    # core/label_quality/spans/crf.py lies three folders deep.
    assert [str(path) for path in modules().values() if len(path.parent.parts) > DEPTH] == []


def test_the_top_of_core_fits_on_a_screen():
    names = {path.parts[1]: len(path.parts) for path in tracked("core")}
    assert len([name for name, parts in names.items() if parts == 2]) <= TOP_FILES
    assert len([name for name, parts in names.items() if parts > 2]) <= TOP_FOLDERS


def test_every_subpackage_says_what_belongs_there():
    missing = []
    for path in tracked("core", "integrations"):
        if path.name == "__init__.py" and not ast.get_docstring(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
            missing.append(str(path))
    assert missing == []
