"""scan: samples and signals in, a report out: embed, predict out of fold, find neighbours, run the checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from .checks.class_notes import near_identical
from .checks.context import Context
from .checks.data_set_facts import describe, facts_in
from .checks.inputs import Inputs
from .checks.label_words import names_of, tell_words
from .checks.scores_table import scores_table
from .checks.select import select_checks
from .checks.settings import settings_of
from .corrections.file_versions import parent_run
from .data.class_names import in_order
from .data.long_texts import cut_for_judging
from .data.remap import passed_over
from .data.samples import Samples
from .data.schemas import findings_table
from .data.taxonomy import Taxonomy
from .data.textless import SETTING, require_texts
from .errors import InputError, StoreError
from .io.read import read
from .label_quality.accept_rates import AcceptRates
from .label_quality.pred_probs_warnings import pred_probs_warnings
from .label_quality.word_occlusion import Explainer
from .metrics.refit_noise import method_note
from .models.embedding import DEFAULT, Embedder, facts_of
from .models.embedding import embedder as load_embedder
from .models.routed_embedding import routed_facts
from .models.threads import limited_threads
from .render.progress import Say
from .render.progress import progress as shown
from .report import Report
from .review.judged_labels import learned_before
from .review.verified import JUDGED, verified
from .search.declared_slices import checked
from .search.declared_slices import keep as keep_slices
from .search.run_embedder import USERS_EMBEDDINGS
from .signals.signals import Signals
from .store.base import DEFAULT as DEFAULT_STORE
from .store.erasures import come_back
from .store.run_info import METHOD
from .store.store import Store, run_name

FOLDS = 5
VERSION = 6  # of the method: one more with each change that moves scores of unchanged data; runs without one are 1


@limited_threads()
def scan(
    samples: Samples | Any,  # noqa: ANN401 - any container
    *,
    text: str | None = "text",
    label: str | None = None,
    labels: str | Sequence[str] | None = None,
    spans: str | None = None,
    id: str | None = None,
    split: str | None = None,
    predicted: str | None = None,
    metadata: Sequence[str] = (),
    source: str | None = None,
    signals: Signals | None = None,
    explain: Explainer | None = None,
    embedder: str | Embedder = DEFAULT,
    device: str | None = None,
    only: Sequence[str] | None = None,
    checks: Mapping[str, Mapping[str, Any]] | None = None,
    budget: int | None = None,
    folds: int = FOLDS,
    seed: int = 0,
    taxonomy: Taxonomy | str | Path | None = None,
    slices: Mapping[str, Any] | None = None,
    parent: str | None = None,
    store: str | Path | None = DEFAULT_STORE,
    texts: bool = True,
    learn: bool = True,
    progress: bool | Say = True,
) -> Report:
    """Find what is wrong with the samples.

    Parameters
    ----------
    samples
        What :func:`labelsift.io.read.read` returned, or a file, an address or a data frame to be read.
    text, label, labels, spans, id, split, predicted, metadata, source
        Of what is to be read; for all else call :func:`labelsift.io.read.read`.
    signals
        Outputs of the user's own model; what is missing is made here.
    explain
        Tells which words pull the user's own model towards a label: see docs/words.md.
    embedder
        ``wordllama``, ``multilingual``, ``transformers:<name or folder>`` or an object of the same form. Texts that
        it cannot read are judged by the characters that they share, if there are enough of them.
    device
        Where a transformers model computes, for example ``cuda`` or ``cuda:1``; what torch takes by default.
    only
        Names of checks to run, or of their groups (``rows``, ``labels``, ``training``); all that fit the data by
        default.
    checks
        Settings of checks by their names, as ``{"near_duplicate": {"threshold": 0.8}}``; see docs/checks.md.
    budget
        Flag this many worst labels instead of an estimated number.
    folds, seed
        Of the cross-validation behind the out-of-sample probabilities.
    taxonomy
        Changes of the classes that the samples go through first, or the file of them; see
        :meth:`labelsift.data.samples.Samples.remap`. It is kept with the run.
    slices
        Named slices that are kept with the run: name → a condition in SQL as for :meth:`labelsift.report.Report.ids`,
        or ``{"like": ids, "similarity": 0.6}``; see docs/slices.md. By default those of the run before.
    parent
        The run of the version before; found out by default where the store can tell.
    store
        The folder that keeps the run; None keeps nothing.
    texts
        False keeps the run without any text, only with hashes of them (see :mod:`labelsift.data.textless`). The report
        that is returned has them as ever: push it, or write its page, now.
    learn
        Move the probabilities of wrong labels by what people said on earlier runs of the same data set, from ten judged
        labels on; see :mod:`labelsift.label_quality.accept_rates`.
    progress
        Whether terminals and notebooks show a bar; or what is called with a short sentence as each step begins.

    Raises
    ------
    InputError
        If there is only one class to judge, signals or ``explain`` do not fit the samples, or these have no texts kept.
    """
    kept = Store(store) if store is not None else None  # one instance, which verifies the decision log once
    log_length = len(kept.ledger.examine()[0]) if kept is not None else None
    roles = {"text": text, "label": label, "labels": labels, "spans": spans, "id": id, "split": split, "source": source}
    samples = _read(samples, roles | {"predicted": predicted, "metadata": metadata})
    require_texts(samples, "A scan", run=samples.name, hint="Read your file, and scan that")
    _require(folds=folds, seed=seed, budget=budget)
    if kept is not None:
        kept.prepare()  # a folder that cannot be written must not cost a long scan
    given = samples.labels if samples.taxonomy is None else None
    samples = samples if taxonomy is None else samples.remap(taxonomy)
    before = (kept.find(parent) if parent else parent_run(kept, samples)) if kept is not None else None
    vectors = (signals := signals or Signals()).aligned_embeddings(samples)
    context = _context(samples, signals, seed=seed, budget=budget)
    context.chosen_settings = settings_of(checks)
    names_of(explain, samples)  # what knows none of the labels must not cost a long scan either
    model = None
    if vectors is None and samples.has_texts:
        model = load_embedder(embedder, device=device) if isinstance(embedder, str) else embedder
    settings = _settings(context, vectors, model, folds=folds, seed=seed)
    if kept is not None:
        context.store, context.cache = kept, kept.cache(samples.name)
        context.cache.sweep()
        context.verified = _verified(kept, samples)
        context.accept_rates = _learned(kept, samples) if learn else None
    if taxonomy is not None and samples.taxonomy is not None and given is not None:
        context.notes += filter(None, [passed_over(given, samples.taxonomy)])
    chosen = select_checks(samples, only, signals)
    makes_vectors = vectors is not None or any(check.needs & {"vectors", "pred_probs"} for check in chosen)
    named = checked(slices, samples, issues={check.issue for check in chosen}, vectors=makes_vectors)
    with shown(progress) as say:
        _run_checks(Inputs(context, chosen, vectors, model, folds, say))
        tell_words(context, None if vectors is not None else model, explain)
    report = _report(context, samples, settings | routed_facts(model, context.projection))
    report.settings.update({"budget": budget, "only": list(only) if only else None})
    report.settings |= {"checks": {name: dict(table) for name, table in checks.items()}} if checks else {}
    report.settings |= ({} if learn else {"learn": False}) | ({} if texts else {SETTING: False})
    report.settings |= {"taxonomy": samples.taxonomy.plain} if samples.taxonomy is not None else {}
    if kept is not None:
        report.store, report.log_length = kept, log_length
        report.settings |= {"parent": before} if before else {}
        report.notes += _other_method(kept, before, samples.name)
        report.notes += come_back(kept.ledger.examine()[0][:log_length], samples.ids.to_pylist())
    keep_slices(report, named, parent=before)
    if kept is not None:
        kept.save(report)
    return report


def _read(samples: Any, roles: dict[str, Any]) -> Samples:  # noqa: ANN401 - any container
    if not isinstance(samples, Samples):
        return read(samples, **roles)
    named = [role for role, column in roles.items() if column and (role, column) != ("text", "text")]
    if named:
        raise InputError("These samples are read already", ids=named, hint="Name columns to ls.read, or scan the file")
    return samples


def _require(*, folds: int, seed: int, budget: int | None) -> None:
    if folds < 2:
        raise InputError(f"{folds} folds cannot predict out of sample", hint="Use 2 or more")
    if not 0 <= seed < 2**32:
        raise InputError(f"{seed} is no seed", hint="Give a whole number from 0 to 4,294,967,295")
    if budget is not None and budget < 1:
        raise InputError(f"A budget of {budget} flags nothing", hint="Give 1 or more")


def _verified(store: Store, samples: Samples) -> np.ndarray:
    """Tell the rows whose label people verified as it stands now: bool, shape (n,)."""
    try:
        settled = verified(samples, store.ledger.records(), but="")
        ids = [id for id, issues in settled.items() if JUDGED in issues]
    except StoreError:  # a broken record is named by verify, and is no reason against a scan
        ids = []
    rows = np.zeros(len(samples), dtype=bool)
    rows[samples.positions(ids)] = True
    return rows


def _learned(store: Store, samples: Samples) -> AcceptRates | None:
    """Return what people said on earlier runs of a data set, under its present names."""
    try:
        return learned_before(store, samples.name, taxonomy=samples.taxonomy)
    except StoreError:  # as for what is verified
        return None


def _other_method(store: Store, parent: str | None, dataset: str) -> tuple[str, ...]:
    """Say so where the run before, of the same lineage or else of the same data set, had another version."""
    runs = store.runs()
    earlier = next((info for info in runs if info.run == parent), None)
    earlier = earlier or next((info for info in runs if info.dataset == dataset), None)
    note = method_note(earlier, VERSION) if earlier else ""
    return (note,) if note else ()


def _context(samples: Samples, signals: Signals, *, seed: int, budget: int | None) -> Context:
    """Return the context with what the user brought, and with the beginnings of long texts."""
    signals, whole, (samples, cut) = signals.unframed(samples), samples.texts, cut_for_judging(samples)
    brought = signals.aligned_pred_probs(samples)
    classes = brought[1] if brought else samples.classes
    context = Context(
        samples=samples,
        classes=classes,
        codes=samples.codes(classes),
        readable=np.ones(len(samples), dtype=bool),
        pred_probs=brought[0] if brought else None,
        seed=seed,
        budget=budget,
        method=VERSION,
        dynamics=signals.aligned_dynamics(samples),
        tokens=signals.aligned_tokens(samples),
        uncut_texts=whole if cut else None,
    )
    context.notes += (*samples.notes, *cut)
    if brought and signals.classes is None and in_order(classes) != list(classes):
        context.notes.append(
            "No classes were named, so the columns of pred_probs were taken for the labels in the order of numbers, "
            f"{', '.join(in_order(classes)[:3])} …; if they are sorted as texts, name them (classes=…, --classes)."
        )
    if brought:
        context.notes += pred_probs_warnings(brought[0], context.codes, classes)
    return context


def _settings(
    context: Context, vectors: np.ndarray | None, model: Embedder | None, *, folds: int, seed: int
) -> dict[str, Any]:
    settings: dict[str, Any] = {} if model is None else dict(facts_of(model))
    settings |= {"embedder": USERS_EMBEDDINGS} if vectors is not None else {}
    source = {"source": context.samples.source} if context.samples.source else {}
    brought = context.pred_probs is not None or context.tokens is not None
    settings["pred_probs"] = "the user's model" if brought else f"{folds}-fold cross-validation"
    return settings | {"folds": folds, "seed": seed, METHOD: VERSION} | source


def _run_checks(inputs: Inputs) -> None:
    """Fill the results of the context: one for each issue."""
    context = inputs.context
    if any("labels" in check.needs for check in inputs.chosen):
        context.notes += near_identical(context.samples.classes)
    for check in inputs.chosen:
        inputs.provide(check)
        if check.name == check.issue:
            inputs.say(f"Checking: {check.name.replace('_', ' ')}")
        context.results[check.issue] = check.run(context)
    context.facts["checks"] = facts_in(context.results)
    describe(context)


def _report(context: Context, samples: Samples, settings: dict[str, Any]) -> Report:
    created = datetime.now(UTC)
    return Report(
        run=run_name(created, samples.fingerprint),
        created=created,
        samples=samples,
        scores=scores_table(context),
        findings=findings_table(finding for result in context.results.values() for finding in result.findings),
        classes=context.classes,
        settings=settings,
        facts=context.facts,
        notes=tuple(context.notes),
        embeddings=context.vectors,
        pred_probs=context.pred_probs,
        projection=context.projection,
    )
