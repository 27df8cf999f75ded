"""Training on verified labels (“Start training”): refits the run's model and publishes the next model version.

Verified are the samples of the run on which people decided (the store's record), and those on which everybody who
answered them in the project since the run gave the same label.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict

import numpy as np
from labelsift.corrections.record import decisions
from labelsift.review.verified import decided_samples

from .database import Database
from .logs import Log
from .models import Model, refit
from .served_run import Served

LEAST = 2  # verified labels without which there is nothing to fit


def train(served: Served, database: Database, *, project: int, log: Log) -> Model | None:
    """Fit, publish and return a new model; None where nothing is new, or nothing can be learned."""
    base, scorer, run_index = served.base, served.scorer, served.run_index
    if (
        base is None
        or scorer is None
        or scorer.run_index is not run_index
        or base.linear.multilabel
        or scorer.index is None
    ):
        log.say("training_refused", project=project, why="Only runs with one label a sample, and vectors, can learn")
        return None
    labels = verified_labels(served, database, project=project)
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
        linear=refit(base, scorer.vectors(rows), codes),
        penalty=base.penalty,
        learned=len(rows),
        project=project,
        digest=digest,
    )
    served.publish(model)
    log.say("trained", project=project, verified=len(rows), unknown_labels=strangers, version=model.version)
    return model


def verified_labels(served: Served, database: Database, *, project: int) -> dict[int, str]:
    """Return row of the run → the label that people verified; a sample that people disagree on is not among them."""
    run_index = served.run_index
    if run_index is None:
        return {}
    verified: dict[int, str] = {}
    mine = decisions(served.store.ledger.records(), run=served.run)
    decided_ids = [id for id in dict.fromkeys(row["id"] for row in mine) if run_index.row(id=id) is not None]
    if decided_ids:
        outcome = decided_samples(served.store.samples(served.run, decided_ids), mine)
        for id, (action, value) in outcome.votes.items():
            row = run_index.row(id=id)
            if row is None or action not in ("keep", "relabel"):
                continue
            label = json.loads(value) if action == "relabel" and value else run_index.given(row)
            if isinstance(label, str):
                verified[row] = label
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
        label = json.loads(next(iter(values))) if len(values) == 1 else None
        if row is None:
            continue
        if isinstance(label, str):
            verified[row] = label
        else:
            verified.pop(row, None)
    return verified
