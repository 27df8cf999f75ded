"""Mutation testing: which of the small faults planted into the modules that data depend on do the tests notice.

    python -m benchmarks.mutants [--seed 0] [--each 15] [--group ledger …] [--show]

A mutant changes one place of one module: a comparison, an operator, a number, a truth value, a name that is looked up,
two arguments, a statement that is left out. It is imported in place of the module by the tests that are named for its
group below, none of which needs a server. Docstrings, messages of errors and annotations are left alone. A mutant that
every test passes is printed with its line: either a test is missing, or the change makes no difference.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
NOT_QUICK = "not (soak or server or browser)"
SECONDS = 600  # a mutant that loops for ever is noticed

_CORRECTIONS = "tests/corrections/test"
_CONVERT = "integrations/label_studio/convert"
GROUPS: dict[str, tuple[list[str], list[str]]] = {  # modules, tests
    "ledger": (
        ["core/store/ledger.py", "core/store/ledger_files.py", "core/store/hash_chain.py"],
        ["tests/store/test_ledger.py", "tests/store/test_ledger_files.py", "tests/store/test_ledger_once.py"],
    ),
    "erasure": (
        ["core/corrections/erase.py", "core/store/run_eraser.py", "core/store/arrow_files.py"],
        [
            *(f"tests/store/test_{name}.py" for name in ("run_eraser", "arrow_files")),
            "tests/search/test_pools.py",
            *(f"{_CORRECTIONS}_{name}.py" for name in ("erase_copies", "erase")),
        ],
    ),
    "corrections": (
        ["core/corrections/record.py", "core/data/adjudication.py", "core/corrections/file_versions.py"],
        ["tests/data/test_adjudication.py", f"{_CORRECTIONS}_record.py", f"{_CORRECTIONS}_file_versions.py"],
    ),
    "verdict": (["core/render/verdict.py"], ["tests/render/test_verdict.py"]),
    "noise": (
        ["core/label_quality/noise_model.py", "core/label_quality/confident_learning.py"],
        ["tests/label_quality/test_noise_model.py", "tests/label_quality/test_confident_learning.py"],
    ),
    "ensemble": (
        ["core/label_quality/ensemble.py", "core/label_quality/estimators.py"],
        ["tests/label_quality/test_ensemble.py", "tests/label_quality/test_wrong_labels.py"],
    ),
    "calibration": (
        ["core/label_quality/calibration.py", "core/label_quality/calibrated_pool.py"],
        ["tests/label_quality/test_calibration.py", "tests/label_quality/test_calibrated_pool.py"],
    ),
    "conversion": (
        [*(f"{_CONVERT}/{name}.py" for name in ("correction", "regions", "task_fields")), "core/review/label_names.py"],
        ["tests/integrations/label_studio/convert", "tests/review/test_label_names.py"],
    ),
}  # fmt: skip

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
_SYMMETRIC = ("min", "max", "np.maximum", "np.minimum", "np.hypot", "math.hypot", "contextlib.suppress")


@dataclass(frozen=True)
class Mutant:
    """One changed place of a module, with the whole source."""

    path: str
    line: int
    what: str
    source: str


def main() -> int:
    """Print a line a mutant and the share that was noticed of each group; return 1 below 85 %."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--each", type=int, default=15)
    parser.add_argument("--group", action="append", choices=GROUPS, default=None)
    parser.add_argument("--show", action="store_true", help="Only print the mutants.")
    given = parser.parse_args()
    noticed, total = 0, 0
    for group in given.group or GROUPS:
        modules, tests = GROUPS[group]
        drawn = draw(modules, given.each, given.seed)
        if given.show:
            print(*(f"{mutant.path}:{mutant.line}: {mutant.what}" for mutant in drawn), sep="\n")
            continue
        with tempfile.TemporaryDirectory() as folder:
            package = _package(Path(folder))
            if not _passes(package, tests):
                raise SystemExit(f"The tests of {group} fail without any mutant")
            caught = [not _passes(package, tests, mutant) for mutant in drawn]
        for mutant, each in zip(drawn, caught, strict=True):
            if not each:
                print(f"  passed: {mutant.path}:{mutant.line}: {mutant.what}", flush=True)
        print(f"{group}: {sum(caught)} of {len(drawn)} noticed", flush=True)
        noticed, total = noticed + sum(caught), total + len(drawn)
    if total:
        print(f"seed {given.seed}: {noticed} of {total} noticed ({noticed / total:.0%})")
    return int(noticed < 0.85 * total)


def draw(modules: list[str], count: int, seed: int) -> list[Mutant]:
    """Draw mutants of modules without repeats, each place with the same chance."""
    all_of_them = [mutant for path in modules for mutant in mutants(path)]
    order = np.random.default_rng(seed).permutation(len(all_of_them))
    return [all_of_them[int(place)] for place in order[:count]]


def mutants(path: str) -> Iterator[Mutant]:
    """Yield every mutant of a module."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    count = sum(1 for _ in _changes(tree))
    for number in range(count):
        changed = copy.deepcopy(tree)
        node, what, change = next(each for place, each in enumerate(_changes(changed)) if place == number)
        change()
        yield Mutant(path, getattr(node, "lineno", 0), what, ast.unparse(ast.fix_missing_locations(changed)))


def _changes(tree: ast.Module) -> Iterator[tuple]:
    """Yield (node, description, function that changes the tree)."""
    passed_over = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Raise, ast.JoinedStr)) or _is_constant_statement(node):
            passed_over.update(id(part) for part in ast.walk(node))
        for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if annotation is not None:
                passed_over.update(id(part) for part in ast.walk(annotation))
    for node in ast.walk(tree):
        if id(node) not in passed_over:
            yield from _of_node(node)


def _is_constant_statement(node: ast.AST) -> bool:
    """Tell whether a node is a docstring, an import, or assigns a constant text."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return True
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _of_node(node: ast.AST) -> Iterator[tuple]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARISONS:
        new = _COMPARISONS[type(node.ops[0])]
        yield node, f"{ast.unparse(node)}: {new.__name__}", lambda: node.ops.__setitem__(0, new())
    elif isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in _OPERATORS:
        operator = _OPERATORS[type(node.op)]
        yield node, f"{ast.unparse(node)}: {operator.__name__}", lambda: setattr(node, "op", operator())
    elif isinstance(node, ast.BoolOp):
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield node, f"{ast.unparse(node)}: {other.__name__}", lambda: setattr(node, "op", other())
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield node, f"{node.value}: {not node.value}", lambda: setattr(node, "value", not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        yield node, f"{node.value} + 1", lambda: setattr(node, "value", node.value + 1)
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        place = node.slice
        yield node, f"{ast.unparse(node)}: another name", lambda: setattr(place, "value", place.value + "_")
    elif isinstance(node, ast.Call) and _depends_on_order(node):
        yield node, f"{ast.unparse(node)}: two arguments change places", lambda: node.args.insert(0, node.args.pop(1))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node, f"{ast.unparse(node)}: without not", lambda: setattr(node, "op", ast.UAdd()) or _bool(node)
    yield from _statements_left_out(node)


def _depends_on_order(node: ast.Call) -> bool:
    starred = any(isinstance(argument, ast.Starred) for argument in node.args)
    return len(node.args) > 1 and not starred and ast.unparse(node.func) not in _SYMMETRIC


def _bool(node: ast.UnaryOp) -> None:
    node.op, node.operand = ast.Not(), ast.UnaryOp(ast.Not(), node.operand)


def _statements_left_out(node: ast.AST) -> Iterator[tuple]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if not isinstance(block, list):
            continue
        for place, statement in enumerate(block):
            call = isinstance(statement, ast.Expr) and isinstance(statement.value, (ast.Call, ast.Yield, ast.YieldFrom))
            if call or isinstance(statement, (ast.AugAssign, ast.Raise, ast.Continue, ast.Delete)):
                what = f"{ast.unparse(statement).splitlines()[0]}: left out"
                yield statement, what, lambda block=block, place=place: block.__setitem__(place, ast.Pass())


def _package(folder: Path) -> Path:
    """Copy the package as it is installed."""
    shutil.copytree(ROOT / "core", folder / "labelsift", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(
        ROOT / "integrations", folder / "labelsift" / "integrations", ignore=shutil.ignore_patterns("__pycache__")
    )
    return folder


def _passes(package: Path, tests: list[str], mutant: Mutant | None = None) -> bool:
    target = kept = None
    if mutant:
        below = mutant.path.removeprefix("core/")
        target = package / "labelsift" / below
        kept = target.read_text(encoding="utf-8")
        target.write_text(mutant.source, encoding="utf-8")
    command = [
        sys.executable,
        "-B",
        "-m",
        "pytest",
        "-q",
        "-x",
        "-n0",
        "-p",
        "no:cacheprovider",
        "-m",
        NOT_QUICK,
        *tests,
    ]
    environment = os.environ | {"PYTHONPATH": str(package), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    try:
        ended = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        if mutant is None and ended.returncode:
            print(ended.stdout[-2_000:])
        return ended.returncode == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        if target and kept is not None:
            target.write_text(kept, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
