"""Training on verified labels (“Start training”): refits the run's model and publishes the next model version.

Verified are the samples of the run on which people decided (the store's record), and those on which everybody who
answered them in the project since the run gave the same label.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict

import numpy as np

from ..corrections.record import decisions
from ..models.threads import limited_threads
from ..review.verified import decided_samples
from .database import Database
from .logs import Log
from .models import Model, refit
from .run_index import RunIndex
from .served_run import Served

LEAST = 2  # verified labels without which there is nothing to fit


@limited_threads()
def train(served: Served, database: Database, *, project: int, log: Log) -> Model | None:
    """Fit, publish and return a new model; None where nothing is new, or nothing can be learned."""
    scorer = served.scorer
    base = scorer.model if scorer is not None else None
    if scorer is None or base is None or base.linear.multilabel or scorer.index is None:
        log.say("training_refused", project=project, why="Only runs with one label a sample, and vectors, can learn")
        return None
    labels = verified_labels(served, scorer.run_index, database, project=project)
    classes = {name: code for code, name in enumerate(base.classes)}
    rows = sorted(row for row, label in labels.items() if label in classes)
    strangers = len(labels) - len(rows)
    if len(rows) < LEAST:
        log.say("training_refused", project=project, why="Too few verified labels", verified=len(rows))
        return None
    codes = np.array([classes[labels[row]] for row in rows])
    digest = hashlib.blake2b(json.dumps([[row, labels[row]] for row in rows]).encode(), digest_size=16).hexdigest()
    newest = served.trained_for(project)
    if newest is not None and newest.digest == digest:
        log.say("training_unchanged", project=project, verified=len(rows), version=newest.version)
        return None
    model = Model(
        version=served.models.next_version(served.run),
        classes=base.classes,
        linear=refit(base, scorer.index.vectors(np.array(rows)), codes),
        penalty=base.penalty,
        learned=len(rows),
        project=project,
        digest=digest,
    )
    served.publish(model)
    log.say("trained", project=project, verified=len(rows), unknown_labels=strangers, version=model.version)
    return model


def verified_labels(served: Served, run_index: RunIndex, database: Database, *, project: int) -> dict[int, str]:
    """Return row of the run → the label that people verified; a sample that people disagree on is not among them."""
    verified: dict[int, object] = {}
    mine = decisions(served.store.ledger.records(), run=served.run)
    rows = {id: run_index.row(id=id) for id in dict.fromkeys(row["id"] for row in mine)}
    known = [id for id, row in rows.items() if row is not None]
    votes = decided_samples(served.store.samples(served.run, known), mine).votes if known else {}
    for id, (action, value) in votes.items():
        row = rows.get(id)
        if row is not None and action in ("keep", "relabel"):
            verified[row] = json.loads(value) if action == "relabel" and value else run_index.given(row)
    answers: dict[str, set[str]] = defaultdict(set)
    for answer in database.rows(
        "SELECT sample, value FROM answers WHERE project = ? AND run = ? AND sample IS NOT NULL AND value IS NOT NULL "
        "AND updated > ?",
        project,
        served.run,
        run_index.created,
    ):
        answers[answer["sample"]].add(answer["value"])
    for sample, values in answers.items():
        row = run_index.row(id=sample)
        if row is not None:
            verified[row] = json.loads(next(iter(values))) if len(values) == 1 else None
    return {row: label for row, label in verified.items() if isinstance(label, str)}
