"""Samples + signals → Report: embed, predict out of sample, find neighbours, run the checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from .ancestry import parent_run
from .checks import Check, Context, Result, checks
from .checks.label import VOTERS
from .checks.language import mark_unreadable
from .classnotes import near_identical, rare
from .embedding import DEFAULT, Embedder, embedder, facts_of, kept_vectors
from .erasure import come_back
from .errors import InputError, StoreError
from .findings import findings_table
from .neighbors import kept_graph
from .prediction import assign_folds, out_of_sample
from .remapping import passed_over
from .report import USERS_EMBEDDINGS, Report
from .samples import Samples
from .signals import Signals
from .store import DEFAULT as DEFAULT_STORE
from .store import Store, run_name
from .taxonomy import Taxonomy
from .textless import SETTING, require_texts

FOLDS = 5
Say = Callable[[str], None]


class Model(NamedTuple):
    """An embedder by its name, not loaded yet, and where it computes."""

    name: str
    device: str | None


def scan(
    samples: Samples,
    *,
    signals: Signals | None = None,
    embedder: str | Embedder = DEFAULT,
    device: str | None = None,
    only: Sequence[str] | None = None,
    budget: int | None = None,
    folds: int = FOLDS,
    seed: int = 0,
    taxonomy: Taxonomy | str | Path | None = None,
    parent: str | None = None,
    store: str | Path | None = DEFAULT_STORE,
    texts: bool = True,
    progress: Say | None = None,
) -> Report:
    """Find what is wrong with the samples.

    Parameters
    ----------
    signals
        Outputs of the user's own model; what is missing is made here.
    embedder
        ``wordllama``, ``transformers:<name or folder>`` or an object of the same form.
    device
        Where a transformers model computes, for example ``cuda`` or ``cuda:1``; what torch takes by default.
    only
        Names of checks to run; all that fit the data by default.
    budget
        Flag this many worst labels instead of an estimated number.
    folds, seed
        Of the cross-validation behind the out-of-sample probabilities.
    taxonomy
        Changes of the classes that the samples go through first, or the file of them; see
        :meth:`labelsift.samples.Samples.remap`. It is kept with the run.
    parent
        The run of the version before; found out by default where the store can tell.
    store
        The folder that keeps the run; None keeps nothing.
    texts
        False keeps the run without any text, only with hashes of them (see :mod:`labelsift.textless`). The report
        that is returned has them as ever: push it, or write its page, now.
    progress
        Called with a short sentence as each step begins.

    Raises
    ------
    InputError
        If labels are to be judged and there is only one class, or the signals do not fit the samples, or these
        come from a run that was kept without texts.
    """
    require_texts(samples, "A scan", run=samples.name, cure="Read your file, and scan that")
    _require(folds=folds, seed=seed, budget=budget)
    if store is not None:
        Store(store).prepare()  # a folder that cannot be written must not cost a long scan
    given = samples.labels if samples.taxonomy is None else None
    if taxonomy is not None:
        samples = samples.remap(taxonomy)
    before = None
    if store is not None:
        before = Store(store).find(parent) if parent else parent_run(Store(store), samples)
    model = Model(embedder, device) if isinstance(embedder, str) else embedder
    maker = _Scan(samples, signals or Signals(), model, folds=folds, seed=seed, say=progress or (lambda _: None))
    maker.context.budget = budget
    if store is not None:
        maker.context.cache = Store(store).cache(samples.name)
        maker.context.cache.sweep()
        maker.context.verified = _verified(Store(store), samples)
    if taxonomy is not None and samples.taxonomy is not None and given is not None:
        passed = passed_over(given, samples.taxonomy)
        maker.context.notes += [passed] if passed else []
    report = maker.run(_chosen(samples, only))
    report.settings.update({"budget": budget, "only": list(only) if only else None})
    if not texts:
        report.settings[SETTING] = False
    if samples.taxonomy is not None:
        report.settings["taxonomy"] = samples.taxonomy.plain
    if store is not None:
        report.store = Store(store)
        report.settings |= {"parent": before} if before else {}
        report.notes += come_back(report.store.ledger.examine()[0], samples.ids)
        report.store.save(report)
    return report


def _require(*, folds: int, seed: int, budget: int | None) -> None:
    if folds < 2:
        raise InputError(f"{folds} folds cannot predict out of sample", cure="Use 2 or more")
    if not 0 <= seed < 2**32:
        raise InputError(f"{seed} is no seed", cure="Give a whole number from 0 to 4,294,967,295")
    if budget is not None and budget < 1:
        raise InputError(f"A budget of {budget} flags nothing", cure="Give 1 or more")


def _verified(store: Store, samples: Samples) -> np.ndarray:
    """Tell the rows whose label people verified as it stands now: bool, shape (n,)."""
    try:
        known = store.verified(samples, but="")
    except StoreError:  # a broken record is named by verify, and is no reason against a scan
        known = {}
    verified = np.zeros(len(samples), dtype=bool)
    if known:
        verified[samples.positions(list(known))] = True
    return verified


def _chosen(samples: Samples, only: Sequence[str] | None) -> tuple[Check, ...]:
    fitting = [one for one in checks() if samples.task in one.tasks]
    known = tuple(one for one in fitting if "undecided" not in one.needs or samples.undecided)
    unknown = sorted(set(only or ()) - {one.name for one in known})
    if unknown:
        raise InputError("There is no such check", ids=unknown, cure=f"Known: {', '.join(one.name for one in known)}")
    chosen = tuple(one for one in known if not only or one.name in only)
    if not samples.classes:
        lacking = [one.name for one in chosen if "labels" in one.needs]
        if only and lacking:
            raise InputError("These checks need labels, and no row has one", ids=lacking, cure="Name the label column")
        return tuple(one for one in chosen if "labels" not in one.needs)
    if samples.labels is not None and len(samples.classes) == 1 and any(one.name == "label" for one in chosen):
        counted = len(samples) - samples.labels.null_count
        raise InputError(
            f"All {counted:,} labels are {samples.classes[0]}: with a single class no label can be judged",
            cure="Name another label column, or scan without --label",
        )
    return chosen


class _Scan:
    """One scan under way: provides what the checks need, when the first of them needs it."""

    def __init__(
        self, samples: Samples, signals: Signals, model: Model | Embedder, *, folds: int, seed: int, say: Say
    ) -> None:
        self.folds, self.say = folds, say
        self.chosen: list[str] = []  # names of the checks that run
        self.model: Embedder | None = None
        self.vectors = signals.aligned_embeddings(samples)
        brought = signals.aligned_pred_probs(samples)
        classes = brought[1] if brought else samples.classes
        reads = None
        if self.vectors is None:
            self.model = embedder(model.name, device=model.device) if isinstance(model, Model) else model
            reads = self.model.languages
        self.context = Context(
            samples=samples,
            classes=classes,
            codes=samples.codes(classes),
            readable=np.ones(len(samples), dtype=bool),
            pred_probs=brought[0] if brought else None,
            embedder_languages=reads,
            seed=seed,
            tokens=signals.aligned_tokens(samples),
        )
        self.settings: dict[str, Any] = {
            **({"embedder": USERS_EMBEDDINGS} if self.model is None else facts_of(self.model)),
            "pred_probs": "the user's model" if brought or self.context.tokens else f"{folds}-fold cross-validation",
            "folds": folds,
            "seed": seed,
        }

    def run(self, chosen: Sequence[Check]) -> Report:
        context, results = self.context, {}
        self.chosen = [one.name for one in chosen]
        if any("labels" in one.needs for one in chosen):
            context.notes += near_identical(context.samples.classes)
        for one in chosen:
            self._provide(one)
            self.say(f"Checking: {one.name.replace('_', ' ')}")
            results[one.name] = one.run(context)
        created = datetime.now(UTC)
        samples = context.samples
        _describe(context, results.get("label"))
        return Report(
            run=run_name(created, samples.fingerprint),
            created=created,
            samples=samples,
            scores=_scores(samples, results, context.classes),
            findings=findings_table(finding for result in results.values() for finding in result.findings),
            classes=context.classes,
            settings=self.settings,
            facts=context.facts,
            notes=tuple(context.notes),
            embeddings=context.vectors,
            pred_probs=context.pred_probs,
        )

    def _provide(self, one: Check) -> None:
        """Make the vectors, the neighbour graph and the probabilities that a check needs."""
        context = self.context
        if one.needs & {"vectors", "pred_probs"} and context.vectors is None:
            if self.model is not None:
                self.say(f"Embedding {len(context):,} texts")
                self.vectors = kept_vectors(context.cache, context.samples.texts, context.text_hashes, self.model)
                ours = [name for name in self.chosen if name != "label" or context.pred_probs is None]
                mark_unreadable(context, judging=ours)
            context.vectors = self.vectors
        if context.vectors is not None and context.graph is None:
            self.say("Finding nearest neighbours")
            k = min(VOTERS, max(len(context) - 1, 1))
            context.graph = kept_graph(context.cache, context.vectors, k, seed=context.seed)
        if "pred_probs" in one.needs and context.pred_probs is None and context.vectors is not None:
            self.say(f"Predicting out of sample ({self.folds} folds)")
            context.fold_of = assign_folds(context.codes, context.same_text, folds=self.folds, seed=context.seed)
            predictions = out_of_sample(
                context.vectors,
                context.codes,
                classes=len(context.classes),
                folds=context.fold_of,
                seed=context.seed,
                training=context.readable & ~context.blank,
                weights=context.weights,
            )
            context.pred_probs, context.predictions = predictions.pred_probs, predictions
            context.notes += rare(context.codes, context.classes, folds=self.folds)


def _describe(context: Context, label: Result | None) -> None:
    marked = context.samples.column("spans")
    labeled = int((context.codes >= 0).sum()) if marked is None else len(marked) - marked.null_count
    context.facts.update({"rows": len(context), "labeled": labeled, "classes": len(context.classes)})
    if context.pred_probs is not None and labeled:
        known = (context.codes >= 0) & np.isfinite(context.pred_probs).all(axis=1)
        if label is not None:
            known &= np.isfinite(label.score)  # of a text that cannot be judged the model's word means nothing
        right = context.pred_probs[known].argmax(axis=1) == context.codes[known]
        context.facts["agreement_with_model"] = float(right.mean()) if known.any() else None


def _scores(samples: Samples, results: dict[str, Result], classes: Sequence[str]) -> pa.Table:
    columns: dict[str, pa.Array | pa.ChunkedArray] = {"id": samples.ids}
    for name, result in results.items():
        columns[f"{name}_score"] = pa.array(result.score.astype(np.float32), from_pandas=True)
        columns[f"is_{name}_issue"] = pa.array(result.is_issue)
    label = results.get("label")
    if label is not None and label.suggested is not None and label.confidence is not None:
        names = pa.array(classes, pa.string())
        chosen = pa.array(label.suggested, mask=label.suggested < 0)
        columns["suggested_label"] = names.take(chosen)
        columns["confidence"] = pa.array(label.confidence.astype(np.float32), from_pandas=True)
    return pa.table(columns)
