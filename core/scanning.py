"""Samples + signals → Report: embed, predict out of sample, find neighbours, run the checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .checks import Check, Context, Result, checks
from .checks.annotators import with_opinions
from .checks.class_notes import near_identical, rare
from .checks.language import mark_unreadable
from .checks.systematic import systematic
from .corrections.ancestry import parent_run
from .corrections.erase import come_back
from .data.remap import passed_over
from .data.samples import Samples
from .data.schemas import findings_table
from .data.taxonomy import Taxonomy
from .data.textless import SETTING, require_texts
from .errors import InputError, StoreError
from .label_quality.pred_probs_warnings import pred_probs_warnings
from .label_quality.spans.crf import loops as tagger
from .models.cross_validation import assign_folds, out_of_fold, rarest_labels
from .models.embedding import DEFAULT, Embedder, cached_vectors, embedder, facts_of
from .models.neighbors import cached_graph, neighbor_count
from .report import Report
from .review.verified import verified
from .search.seeds import USERS_EMBEDDINGS
from .signals.dynamics_statistics import SUBSETS, Trajectories
from .signals.signals import Signals
from .store.base import DEFAULT as DEFAULT_STORE
from .store.store import Store, run_name

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
        :meth:`labelsift.data.samples.Samples.remap`. It is kept with the run.
    parent
        The run of the version before; found out by default where the store can tell.
    store
        The folder that keeps the run; None keeps nothing.
    texts
        False keeps the run without any text, only with hashes of them (see :mod:`labelsift.data.textless`). The report
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
    report = maker.run(_chosen(samples, only, signals or Signals()))
    report.settings.update({"budget": budget, "only": list(only) if only else None})
    if not texts:
        report.settings[SETTING] = False
    if samples.taxonomy is not None:
        report.settings["taxonomy"] = samples.taxonomy.plain
    if store is not None:
        kept = report.store = Store(store)
        report.settings |= {"parent": before} if before else {}
        report.notes += come_back(kept.ledger.examine()[0], samples.ids)
        kept.save(report)
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
        known = verified(samples, store.ledger.records(), but="")
    except StoreError:  # a broken record is named by verify, and is no reason against a scan
        known = {}
    rows = np.zeros(len(samples), dtype=bool)
    if known:
        rows[samples.positions(list(known))] = True
    return rows


def _without_texts(chosen: tuple[Check, ...], only: Sequence[str] | None, signals: Signals) -> tuple[Check, ...]:
    """Return the checks that need no texts and nothing that would have to be made of them."""
    have = {"labels", "undecided"}
    have |= {"vectors", "pred_probs"} if signals.embeddings is not None else set()
    have |= {"pred_probs"} if signals.pred_probs is not None else set()
    if signals.embeddings is None and signals.pred_probs is None:
        raise InputError(
            "The samples have no texts, and nothing else is known of them",
            cure="Bring embeddings or probabilities (Signals(embeddings=…), --embeddings v.npy), or name the texts",
        )
    lacking = [one.name for one in chosen if not one.needs <= have]
    if only and lacking:
        raise InputError(
            "These checks need texts, or embeddings in their place", ids=lacking, cure="Bring them, or leave them out"
        )
    return tuple(one for one in chosen if one.needs <= have)


def _require_two(samples: Samples) -> None:
    """Refuse labels of which none can be told from another."""
    given = samples.given
    if given is None or samples.task == "spans" or pc.count_distinct(given).as_py() > 1:
        return
    counted = len(samples) - given.null_count
    if samples.task == "multilabel":
        raise InputError(
            f"All {counted:,} labeled rows have the same labels, {', '.join(samples.classes)}: none can be judged",
            cure="Name another column of labels, or scan without --labels",
        )
    raise InputError(
        f"All {counted:,} labels are {given.drop_null()[0]}: with a single class no label can be judged",
        cure="Name another label column, or scan without --label",
    )


def _chosen(samples: Samples, only: Sequence[str] | None, signals: Signals) -> tuple[Check, ...]:
    fitting = [one for one in checks() if samples.task in one.tasks]
    lacking = {"undecided": not samples.undecided, "dynamics": signals.dynamics is None}
    known = tuple(one for one in fitting if not any(lacking.get(need) for need in one.needs))
    unknown = sorted(set(only or ()) - {one.name for one in known})
    if unknown:
        raise InputError("There is no such check", ids=unknown, cure=f"Known: {', '.join(one.name for one in known)}")
    chosen = tuple(one for one in known if not only or one.name in only)
    if not samples.has_texts:
        chosen = _without_texts(chosen, only, signals)
    if not samples.classes:
        of_labels = [one.name for one in chosen if "labels" in one.needs]
        if only and of_labels:
            raise InputError(
                "These checks need labels, and no row has one", ids=of_labels, cure="Name the label column"
            )
        return tuple(one for one in chosen if "labels" not in one.needs)
    names = {one.name for one in chosen}
    if "label" in names:
        _require_two(samples)
    if "span" in names:
        tagger()  # what is not installed must be said before minutes of embedding
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
        if self.vectors is None and samples.has_texts:
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
            dynamics=signals.aligned_dynamics(samples),
            tokens=signals.aligned_tokens(samples),
        )
        if brought:
            self.context.notes += pred_probs_warnings(brought[0], self.context.codes, classes)
        self.settings: dict[str, Any] = {
            **self._embedded_by(),
            "pred_probs": "the user's model" if brought or self.context.tokens else f"{folds}-fold cross-validation",
            "folds": folds,
            "seed": seed,
        }

    def _embedded_by(self) -> dict[str, str]:
        if self.model is not None:
            return facts_of(self.model)
        return {} if self.vectors is None else {"embedder": USERS_EMBEDDINGS}

    def run(self, chosen: Sequence[Check]) -> Report:
        context, results = self.context, {}
        self.chosen = [one.name for one in chosen]
        if any("labels" in one.needs for one in chosen):
            context.notes += near_identical(context.samples.classes)
        for one in chosen:
            self._provide(one)
            self.say(f"Checking: {one.name.replace('_', ' ')}")
            results[one.name] = one.run(context)
            if one.name == "label":
                context.labeled = results[one.name] = with_opinions(context, results[one.name])
                results[one.name].findings.extend(systematic(context))
        created = datetime.now(UTC)
        samples = context.samples
        _describe(context, results.get("label"))
        return Report(
            run=run_name(created, samples.fingerprint),
            created=created,
            samples=samples,
            scores=_scores(samples, results, context),
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
                self.vectors = cached_vectors(context.cache, context.samples.texts, context.text_hashes, self.model)
                ours = [name for name in self.chosen if name != "label" or context.pred_probs is None]
                mark_unreadable(context, judging=ours)
            context.vectors = self.vectors
        if context.vectors is not None and context.graph is None:
            self.say("Finding nearest neighbours")
            k = neighbor_count(len(context))
            context.graph = cached_graph(context.cache, context.vectors, k, seed=context.seed)
        if "pred_probs" in one.needs and context.pred_probs is None and context.vectors is not None:
            self.say(f"Predicting out of sample ({self.folds} folds)")
            if context.samples.task == "multilabel":
                self._predict_sets()
                return
            context.fold_of = assign_folds(context.codes, context.same_text, folds=self.folds, seed=context.seed)
            predictions = out_of_fold(
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

    def _predict_sets(self) -> None:
        """Make the probabilities where samples may have several labels."""
        context, given = self.context, self.context.members
        context.fold_of = assign_folds(rarest_labels(given), context.same_text, folds=self.folds, seed=context.seed)
        context.predictions = out_of_fold(
            np.asarray(context.vectors),
            np.where(given < 0, np.nan, given).astype(np.float32),
            classes=len(context.classes),
            folds=context.fold_of,
            seed=context.seed,
            training=context.readable & ~context.blank,
            weights=context.weights,
        )
        context.pred_probs = context.predictions.pred_probs
        context.notes += rare(np.nonzero(given == 1)[1], context.classes, folds=self.folds)


def _describe(context: Context, label: Result | None) -> None:
    given = context.samples.given
    labeled = 0 if given is None else len(given) - given.null_count
    context.facts.update({"rows": len(context), "labeled": labeled, "classes": len(context.classes)})
    if context.samples.task != "classification":
        return
    if context.pred_probs is not None and labeled:
        known = (context.codes >= 0) & np.isfinite(context.pred_probs).all(axis=1)
        if label is not None:
            known &= np.isfinite(label.score)  # of a text that cannot be judged the model's word means nothing
        right = context.pred_probs[known].argmax(axis=1) == context.codes[known]
        context.facts["agreement_with_model"] = float(right.mean()) if known.any() else None


def _scores(samples: Samples, results: dict[str, Result], context: Context) -> pa.Table:
    columns: dict[str, pa.Array | pa.ChunkedArray] = {"id": samples.ids}
    for name, result in results.items():
        columns[f"{name}_score"] = pa.array(result.score.astype(np.float32), from_pandas=True)
        columns[f"is_{name}_issue"] = pa.array(result.is_issue)
    label = results.get("label")
    if label is not None and label.suggested_values is not None and label.confidence is not None:
        columns["suggested_label"] = label.suggested_values
        columns["confidence"] = pa.array(label.confidence.astype(np.float32), from_pandas=True)
    if label is not None and label.suggested is not None and label.confidence is not None:
        names = pa.array(context.classes, pa.string())
        chosen = pa.array(label.suggested, mask=label.suggested < 0)
        columns["suggested_label"] = names.take(chosen)
        columns["confidence"] = pa.array(label.confidence.astype(np.float32), from_pandas=True)
    if context.dynamics is not None:
        columns |= _of_dynamics(context.dynamics)
    for result in results.values():
        columns |= result.more
    return pa.table(columns)


def _of_dynamics(told: Trajectories) -> dict[str, pa.Array]:
    """Return a column for each statistic of the training; null where a sample has no label or was never shown."""
    shares = {"aum": told.aum, "difficulty": told.difficulty, "dynamics_confidence": told.confidence}
    shares |= {"dynamics_variability": told.variability, "dynamics_correctness": told.correctness}
    counts = {"dynamics_forgetting": (told.forgetting, ~told.known)}
    counts |= {"dynamics_first_learned": (told.first_learned, told.first_learned == 0)}
    subset = told.subset
    return (
        {name: pa.array(values, pa.float32(), from_pandas=True) for name, values in shares.items()}
        | {name: pa.array(values, pa.int32(), mask=without) for name, (values, without) in counts.items()}
        | {"dynamics_subset": pa.array(SUBSETS, pa.string()).take(pa.array(subset, mask=subset < 0))}
    )
