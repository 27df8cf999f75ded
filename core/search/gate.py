"""Gate of a run: conditions, the runs and the named slices that they speak of, judged together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..errors import InputError
from ..metrics.gates.conditions import Condition, Proof, conditions_of
from ..metrics.gates.decisions import Family
from ..metrics.gates.families import Measured, family
from ..metrics.gates.results import GateResult, gate_result
from ..metrics.refit_noise import across_methods, method_of
from ..metrics.slice_metrics import PROXY
from ..models.threads import limited_threads
from ..store.run import Run
from ..store.store import Store
from .named_slices import Definitions, named_masks, named_slices, slices_of


@limited_threads()
def gate(
    run: Run,
    conditions: str | Condition | Sequence[str | Condition],
    *,
    allow_proxy: bool = False,
    strict: bool = False,
    proven: bool = False,
    slices: Definitions | None = None,
    runs: Mapping[str, Run] | None = None,
) -> GateResult:
    """Judge conditions on this run's metrics, such as ``f1 of refund >= 0.7 in ca_women``.

    Parameters
    ----------
    conditions
        Lines of :mod:`labelsift.metrics.gates.conditions`.
    allow_proxy
        Let metrics be those of the built-in proxy model where the run has no predictions of the user's; marked.
    strict
        Fail on a value on the wrong side of its threshold, also where chance may explain it.
    proven
        Fail unless a value is on the right side by more than chance. Both leave lines alone that end in
        ``strict`` or ``proven`` themselves.
    slices
        Definitions of named slices, in place of those that the run was kept with; see
        :mod:`labelsift.search.named_slices`.
    runs
        Runs by the name under which conditions speak of them; others are loaded from the run's store.

    Raises
    ------
    InputError
        For no condition at all, what cannot be read or is not known, and the proxy model where it is not allowed.
    """
    if strict and proven:
        raise InputError("A gate is strict or proven, not both", hint="Leave out one")
    proof: Proof = "strict" if strict else "proven" if proven else ""
    lines = [conditions] if isinstance(conditions, str | Condition) else conditions
    read = [line if line.proof else replace(line, proof=proof) for line in conditions_of(lines)]
    named = named_slices(slices) if slices is not None else slices_of(run)
    new = Measured(run, _Named(run, named))
    older: dict[str, Measured] = {}
    for name in dict.fromkeys(line.run for line in read if line.run is not None):
        old = _run(run, name, runs or {})
        older[name] = Measured(old, _Named(old, named)).under(new)
    families = [family(line, new, older.get(line.run or ""), allow_proxy=allow_proxy) for line in read]
    return gate_result(run.run, run.samples.name, families, _notes(run, older, families))


def _run(run: Run, name: str, runs: Mapping[str, Run]) -> Run:
    if name in runs:
        return runs[name]
    if run.store is None:
        raise InputError(f"A report that is kept in no store knows no run {name}", hint="Give it: runs={…}")
    return Store.of(run.store).load(name)


class _Named(Mapping[str, np.ndarray]):
    """The named slices of a run: those that are asked for are looked up, and no other can fail."""

    def __init__(self, run: Run, definitions: Definitions) -> None:
        self._run, self._definitions = run, definitions

    def __getitem__(self, name: str) -> np.ndarray:
        return named_masks(self._run, {name: self._definitions[name]})[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._definitions)

    def __len__(self) -> int:
        return len(self._definitions)


def _notes(run: Run, older: Mapping[str, Measured], families: Sequence[Family]) -> list[str]:
    notes = []
    for name, measured in older.items():
        if versions := across_methods((method_of(measured.run), method_of(run))):
            notes.append(f"{measured.run.run} and {run.run}: {versions}")
        if measured.run.run == run.run:
            notes.append(f"{name} is the run {run.run} itself: compared with itself it is never worse.")
    if any(of.baseline and of.source in ("", PROXY) for of in families):
        notes.append(
            "Label issues and the proxy model come from a model that each scan fits anew: a difference between two "
            "runs may come from that alone."
        )
    return notes
