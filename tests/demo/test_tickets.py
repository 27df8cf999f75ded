"""The demo's tickets hold what their truth says, and nothing in the rows gives it away."""

import csv
import re
from collections import Counter, defaultdict
from itertools import combinations
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from labelsift.demo.phrasing import PERSONAL, fill, lines, templates
from labelsift.demo.planted_errors import CLOSEST, INTENTS, WORST_SLICE, normalized, similarities
from labelsift.demo.tickets import COLUMNS, TRUTH_COLUMNS, tickets, write_tickets
from sklearn.feature_extraction.text import CountVectorizer

SEEDS = range(10)
ORDINARY = {"clean", "mislabel", "exact_duplicate", "near_duplicate", "conflicting_labels"}


@pytest.fixture(scope="module")
def made():
    return {seed: tickets(seed) for seed in SEEDS}


@pytest.fixture(params=SEEDS)
def rows_and_truth(request, made):
    return made[request.param]


def of_kind(truth, *kinds):
    return [entry for entry in truth if entry["kind"] in kinds]


def pairs(rows, truth, duplicate):
    """Return the two (row, truth) of every planted pair."""
    groups = defaultdict(list)
    for row, known in zip(rows, truth, strict=True):
        if known["duplicate"] == duplicate:
            groups[known["group"]].append((row, known))
    return list(groups.values())


@pytest.mark.slow
def test_columns_and_size(rows_and_truth):
    rows, truth = rows_and_truth
    assert len(rows) == len(truth) == 800
    assert {tuple(row) for row in rows} == {COLUMNS}
    assert {tuple(entry) for entry in truth} == {TRUTH_COLUMNS}
    assert [row["ticket_id"] for row in rows] == [entry["ticket_id"] for entry in truth]
    assert {row["label"] for row in rows} == set(INTENTS)
    assert 8 <= len(INTENTS) <= 12
    assert {row["split"] for row in rows} == {"train", "test"}
    assert {row["channel"] for row in rows} == {"email", "chat", "phone", "app"}
    assert {row["plan"] for row in rows} == {"free", "pro", "enterprise"}
    assert sum(row["state"] == "CA" for row in rows) > 100


@pytest.mark.slow
def test_counts_of_planted_problems(rows_and_truth):
    rows, truth = rows_and_truth
    counts = Counter(entry["kind"] for entry in truth)
    assert counts["mislabel"] == 60
    assert counts["exact_duplicate"] + counts["near_duplicate"] + counts["conflicting_labels"] == 2 * 44
    assert counts["conflicting_labels"] == 2 * 8
    assert Counter(entry["detail"] for entry in of_kind(truth, "language")) == {"es": 14, "de": 14}
    assert (counts["pii"], counts["garbage"], counts["empty"]) == (14, 14, 8)
    assert sum(not row["text"].strip() for row in rows) == 8


def test_mislabels_are_wrong_and_most_go_to_the_closest_intent(rows_and_truth):
    _, truth = rows_and_truth
    wrong = of_kind(truth, "mislabel")
    assert all(entry["given_label"] != entry["true_label"] for entry in wrong)
    closest = [entry for entry in wrong if entry["given_label"] == CLOSEST[entry["true_label"]][0]]
    assert len(closest) == sum(entry["detail"] == "closest" for entry in wrong) == 36
    right = of_kind(truth, "clean", "exact_duplicate", "near_duplicate", "language", "pii")
    assert all(entry["given_label"] == entry["true_label"] for entry in right)


def test_one_slice_has_worse_labels(rows_and_truth):
    rows, truth = rows_and_truth
    inside = [entry for row, entry in zip(rows, truth, strict=True) if WORST_SLICE.items() <= row.items()]
    assert len(inside) < 0.1 * len(rows)
    assert sum(entry["kind"] == "mislabel" for entry in inside) == 18
    errors = 18 / len(inside), 42 / (len(rows) - len(inside))
    assert errors[0] > 4 * errors[1]


def test_exact_duplicates_are_equal_after_folding(rows_and_truth):
    rows, truth = rows_and_truth
    duplicates = pairs(rows, truth, "exact")
    assert len(duplicates) == 20
    same_bytes = 0
    for (first, _), (other, _) in duplicates:
        assert normalized(first["text"]) == normalized(other["text"])
        same_bytes += first["text"] == other["text"]
    assert same_bytes == 16


def test_near_duplicates_are_alike_but_not_equal(rows_and_truth):
    rows, truth = rows_and_truth
    duplicates = pairs(rows, truth, "near")
    assert len(duplicates) == 24
    for (first, _), (other, _) in duplicates:
        assert normalized(first["text"]) != normalized(other["text"])
        assert min(similarities(first["text"], other["text"])) >= 0.8


def test_conflicting_pairs_have_one_wrong_side(rows_and_truth):
    rows, truth = rows_and_truth
    duplicates = [pair for duplicate in ("exact", "near") for pair in pairs(rows, truth, duplicate)]
    conflicts = [pair for pair in duplicates if pair[0][1]["kind"] == "conflicting_labels"]
    assert len(conflicts) == 8
    for pair in conflicts:
        assert sum(known["given_label"] != known["true_label"] for _, known in pair) == 1
        assert pair[0][0]["label"] != pair[1][0]["label"]
    # either side is wrong now and then, else file order would tell
    assert all(row["label"] == known["given_label"] for pair in duplicates for row, known in pair)


def test_no_unplanted_duplicates(rows_and_truth):
    rows, truth = rows_and_truth
    texts, groups = zip(
        *((row["text"], entry["group"]) for row, entry in zip(rows, truth, strict=True) if row["text"].strip()),
        strict=True,
    )
    groups_of_text = defaultdict(list)
    for text, group in zip(texts, groups, strict=True):
        groups_of_text[normalized(text)].append(group)
    for text, equal in groups_of_text.items():
        assert len(equal) == 1 or (all(equal) and len(set(equal)) == 1), text
    # The words that each two texts share, as one product: a loop over all pairs takes a second.
    words = CountVectorizer(binary=True, token_pattern=r"\w+").fit_transform(texts)
    shared = (words @ words.T).toarray()
    either = shared.diagonal()[:, None] + shared.diagonal() - shared
    for index, other in np.argwhere(np.triu((shared > 0) & (shared >= 0.4 * either), 1)):
        if not groups[index] or groups[index] != groups[other]:
            assert max(similarities(texts[index], texts[other])) < 0.6, (texts[index], texts[other])


def test_no_template_has_more_than_five_rows(rows_and_truth):
    _, truth = rows_and_truth
    uses = Counter(entry["template"] for entry in truth)
    assert max(uses.values()) <= 5
    ordinary = Counter(entry["template"] for entry in of_kind(truth, *ORDINARY))
    assert len(ordinary) >= 250
    assert sum(count <= 3 for count in ordinary.values()) > 0.9 * len(ordinary)


def test_templates_are_different_texts():
    every = [template for intent in INTENTS for template in templates(intent)]
    assert len(every) == len({template.text for template in every}) == 300
    bags = [frozenset(re.findall(r"\w+", template.text.lower())) for template in every]
    worst = max(len(a & b) / len(a | b) for a, b in combinations(bags, 2))
    assert worst < 0.5


def test_every_template_can_be_filled():
    for name in (*INTENTS, "spanish", "german", "personal"):
        for template in templates(name):
            assert template.intent in INTENTS
            for seed in range(5):
                text = fill(template.text, Random(seed))
                assert not re.search(r"[\[\]{}|]|//|  | [,.?!]( |$)", text), (template.name, text)
    for name in ("openings", "closings"):
        assert all(fill(line, Random(0)) for line in lines(name))


def test_personal_data_stands_in_its_rows_only(rows_and_truth):
    rows, truth = rows_and_truth
    shapes = re.compile(
        r"@example\.(com|org|net)\b|555-01\d\d|\b\d{4} \d{4,6} \d|\b[A-Z]{2}\d\d [A-Z\d]{4} |\d\.\d+\.\d+\.\d"
    )
    for row, entry in zip(rows, truth, strict=True):
        assert bool(shapes.search(row["text"])) == (entry["kind"] == "pii"), row["text"]
        if entry["kind"] == "pii":
            assert set(entry["detail"].split("+")) <= set(PERSONAL)


def test_same_seed_same_tickets_other_seed_others(made):
    assert tickets(3) == made[3]
    texts = [Counter(row["text"] for row in made[seed][0]) for seed in (0, 1)]
    assert (texts[0] & texts[1]).total() < 200  # those without slots, of garbage and in other languages


def test_ids_and_order_tell_nothing(made):
    places, gaps = [], []
    for rows, truth in made.values():
        assert [row["ticket_id"] for row in rows] == [f"T{number:04d}" for number in range(1, 801)]
        places += [index for index, entry in enumerate(truth) if entry["kind"] == "mislabel"]
        at_of = defaultdict(list)
        for index, entry in enumerate(truth):
            if entry["group"]:
                at_of[entry["group"]].append(index)
        gaps += [abs(a - b) for a, b in at_of.values()]
    # 600 uniform places have a mean of 400 ± 9.4, 440 gaps of random pairs one of 267 ± 9: four deviations
    assert abs(np.mean(places) - 399.5) < 38
    assert abs(np.mean(gaps) - 267) < 36


def test_wrong_side_of_a_conflict_is_not_told_by_order(made):
    first = 0
    for rows, truth in made.values():
        for duplicate in ("exact", "near"):
            for pair in pairs(rows, truth, duplicate):
                first += pair[0][1]["given_label"] != pair[0][1]["true_label"]
    assert 22 <= first <= 58  # of 80; four deviations


def test_files(tmp_path):
    data, known = write_tickets(tmp_path, 2)
    assert data == tmp_path / "tickets.csv"
    assert known.parent != data.parent  # reading the folder of the data never meets the truth
    rows, truth = tickets(2)
    for path, expected in ((data, rows), (known, truth)):
        with path.open(encoding="utf-8", newline="") as file:
            assert list(csv.DictReader(file)) == expected


def test_the_file_alone_reads_as_samples(tmp_path):
    import labelsift as ls

    data, known = write_tickets(tmp_path)
    known.unlink()
    samples = ls.read(
        str(data),
        text="text",
        label="label",
        id="ticket_id",
        split="split",
        metadata=["channel", "state", "plan", "gender"],
    )
    rows, _ = tickets()
    assert samples.ids.to_pylist() == [row["ticket_id"] for row in rows]
    assert samples.labels.to_pylist() == [row["label"] for row in rows]
    assert samples.texts.to_pylist() == [row["text"] for row in rows]


@pytest.mark.slow
def test_hard_enough_and_not_too_hard(made):
    """Clean accuracy and cleanlab's precision at 60, measured over ten seeds."""
    pytest.importorskip("cleanlab.rank")
    pytest.importorskip("sklearn.linear_model")  # loaded before its threads can be limited
    # idle threads of a busy machine's BLAS make these small fits fifty times slower
    with pytest.importorskip("threadpoolctl").threadpool_limits(1):
        accuracies, precisions = zip(*(measured(*arrays) for arrays in made.values()), strict=True)
    assert 0.80 <= min(accuracies) <= max(accuracies) <= 0.95
    assert np.mean(precisions) >= 0.80
    assert min(precisions) >= 0.70


def measured(rows, truth):
    """Return the accuracy under true labels and the precision of cleanlab's 60 worst given labels."""
    from cleanlab import rank
    from labelsift.models.embedding import embed, embedder
    from sklearn import linear_model, model_selection

    folds = model_selection.StratifiedKFold(5, shuffle=True, random_state=0)
    model = linear_model.LogisticRegression(C=10, max_iter=1000)
    vectors = embed(pa.chunked_array([[row["text"] for row in rows]]), embedder())
    true = np.array([entry["true_label"] for entry in truth])
    given = np.array([entry["given_label"] for entry in truth])
    kinds = np.array([entry["kind"] for entry in truth])
    groups = [entry["group"] or entry["ticket_id"] for entry in truth]
    first = np.array([groups.index(group) == index for index, group in enumerate(groups)])
    ordinary = np.isin(kinds, list(ORDINARY)) & first
    predicted = model_selection.cross_val_predict(model, vectors[ordinary], true[ordinary], cv=folds)
    judged = ~np.isin(kinds, ["garbage", "empty", "language"])
    codes = np.searchsorted(sorted(INTENTS), given[judged])
    probabilities = model_selection.cross_val_predict(model, vectors[judged], codes, cv=folds, method="predict_proba")
    quality = rank.get_label_quality_scores(codes, probabilities, method="normalized_margin")
    worst = np.argsort(quality, kind="stable")[:60]
    return (predicted == true[ordinary]).mean(), (given != true)[judged][worst].mean()
