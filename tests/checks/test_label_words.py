"""Words in the findings of a scan: told, kept, erased, never of personal data, and the same in every scan."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.checks.label_words import PART, ROOM
from labelsift.corrections.erase import forget
from labelsift.data.schemas import words_of_users
from labelsift.errors import InputError
from labelsift.label_quality.word_occlusion import Word, WordOcclusion
from labelsift.models.embedding import StaticEmbedder, normalize
from labelsift.render.tracker_panels.page import page_run
from labelsift.review.items import queue_of
from labelsift.review.words import quoted

pytestmark = pytest.mark.slow

WORDS = {"refund": ["money", "refund"], "lost": ["card", "stolen"], "pin": ["pin", "code"]}
FILLER = "please could you tell me how this works today because we need help with our account and the app".split()


def rows(n: int = 600, wrong: int = 30, *, seed: int = 0) -> pa.Table:
    draw = np.random.default_rng(seed)
    names = list(WORDS)
    labels = [names[row % 3] for row in range(n)]
    texts = [" ".join(draw.permutation([*draw.choice(FILLER, 8), *WORDS[name]])) for name in labels]
    for row in range(wrong):
        labels[row] = names[(row + 1) % 3]
    return pa.table({"id": [f"r{row}" for row in range(n)], "text": texts, "label": labels})


def scan(table: pa.Table, **more):
    return ls.scan(ls.read(table, label="label", id="id"), progress=False, only=["label"], **{"store": None, **more})


def told(report) -> dict[str, list[str]]:
    texts = dict(zip(report.samples.ids.to_pylist(), report.samples.texts.to_pylist(), strict=True))
    return {
        row["id"]: [texts[row["id"]][start:end] for start, end, _ in json.loads(row["evidence"]).get("words", [])]
        for row in report.findings.to_pylist()
        if row["issue"] == "label" and row["scope"] == "sample"
    }


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return rows()


@pytest.fixture(scope="module")
def report(table):
    return scan(table)


def test_the_words_that_decide_are_told_and_hardly_another(report):
    found = told(report)
    suggested = {row["id"]: json.loads(row["suggested"]) for row in report.findings.to_pylist() if row["suggested"]}
    decisive = [word in WORDS[suggested[id]] for id, words in found.items() for word in words]
    assert len(found) >= 25
    assert sum(bool(words) for words in found.values()) >= 0.8 * len(found)
    assert np.mean(decisive) > 0.95
    assert all(count == 1 for words in found.values() for count in Counter(words).values())
    assert not any(word in row["reason"] for row in report.findings.to_pylist() for word in ("“money”", "stolen"))


def test_a_scan_of_the_rows_in_another_order_tells_the_same(table, report):
    other = scan(table.take(pa.array(np.random.default_rng(1).permutation(len(table)))))
    assert told(other) == told(report)


def test_they_are_kept_with_the_run_and_forgotten_with_the_sample(table, tmp_path):
    kept = scan(table, store=tmp_path)
    loaded = ls.load(store=tmp_path)
    assert told(loaded) == told(kept)
    gone = next(id for id, words in told(kept).items() if words)
    forget([gone], store=tmp_path)
    assert gone not in told(ls.load(store=tmp_path))


def test_without_texts_no_word_is_kept(table, tmp_path):
    returned = scan(table, store=tmp_path, texts=False)
    assert any(told(returned).values())  # this one has its texts
    findings = ls.load(store=tmp_path).findings.to_pylist()
    label = [json.loads(row["evidence"]) for row in findings if row["issue"] == "label"]
    assert [evidence for evidence in label if "words" in evidence] == []
    assert any("model" in evidence for evidence in label)  # the rest of it stays
    assert not any(word in json.dumps(row) for row in findings for word in ("money", "stolen"))


def test_trackers_get_none_with_the_texts_either(report):
    run, share = page_run(report, with_text=True)
    assert not share
    assert sum(cell.count('"words"') for cell in run.findings["evidence"].to_pylist()) == 0
    assert any(told(report).values())


def test_they_can_be_left_out(table):
    assert not any(told(scan(table, checks={"label": {"words": False}})).values())


def test_labels_at_random_have_none():
    table = rows(300, 0)
    shuffled = np.random.default_rng(0).permutation(table["label"].to_numpy(zero_copy_only=False))
    noise = table.set_column(2, "label", pa.array(shuffled))
    found = told(scan(noise, budget=60))
    assert sum(bool(words) for words in found.values()) <= 0.05 * max(len(found), 60)


def test_three_rows_are_scanned_without_words(table):
    assert not any(told(scan(table.slice(0, 3), budget=3)).values())


def test_personal_data_is_no_word_however_much_it_decides(table):
    texts = table["text"].to_pylist()
    names = table["label"].to_pylist()
    for row in range(len(texts)):
        if names[(row + 3) % len(names)] == "refund":
            texts[row] += " jo.refund@example.org"
    found = told(scan(table.set_column(1, "text", pa.array(texts))))
    assert not any("jo" in word or "example" in word for words in found.values() for word in words)


def test_a_model_of_the_users_own_is_asked(table):
    names = sorted(WORDS)

    def predict(texts):
        odds = np.array([[3.0 * sum(word in text.split() for word in WORDS[name]) for name in names] for text in texts])
        odds = np.exp(odds - odds.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    probs = predict(table["text"].to_pylist())
    signals = ls.Signals(pred_probs=probs, classes=names)
    assert not any(told(scan(table, signals=signals)).values())  # nobody knows what the model reads
    found = told(scan(table, signals=signals, explain=WordOcclusion(predict, names)))
    assert sum(bool(words) for words in found.values()) >= 0.8 * len(found) > 0
    assert {word for words in found.values() for word in words} <= {word for words in WORDS.values() for word in words}


def by_heart(table: pa.Table, *, wrong: Collection[str] = ()):
    """Make a model that says the given label of each whole text that it was trained on, but for some."""
    names = sorted(WORDS)
    rows = zip(*(table[name].to_pylist() for name in ("id", "text", "label")), strict=True)
    known = {}
    for id, text, label in rows:
        words = text.split()
        if id not in wrong:  # and known without any one of its words
            known |= {tuple(other for other in words if other != word): label for word in [*words, ""]}

    def predict(texts):
        odds = np.array([[3.0 * sum(word in text.split() for word in WORDS[name]) for name in names] for text in texts])
        for row, text in enumerate(texts):
            if tuple(text.split()) in known:
                odds[row, names.index(known[tuple(text.split())])] += 8
        odds = np.exp(odds - odds.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    return predict


def of_users(report) -> set[str]:
    return {row["id"] for row in report.findings.to_pylist() if row["scope"] == "sample" and words_of_users(row)}


def test_a_model_that_says_another_label_has_no_words_for_this_one_and_its_words_are_called_its_own(table, report):
    names, suggesting = sorted(WORDS), [id for id, words in told(report).items() if words]
    assert not any(told(scan(table, explain=WordOcclusion(by_heart(table), names))).values())
    some = suggesting[::2]
    made = scan(table, explain=WordOcclusion(by_heart(table, wrong=some), names))
    having = {id for id, words in told(made).items() if words}
    assert set() < having <= set(some)
    assert of_users(made) == having
    assert of_users(report) == set()
    sentences = {item.id: quoted(item) for item in queue_of(made).items}
    assert all("Words that made your own model say" in sentences[id] for id in having)


def test_classes_without_names_are_the_labels_in_sorted_order_and_a_note_says_so(table):
    some, unnamed = set(told(scan(table))), [f"LABEL_{number}" for number in range(3)]
    made = scan(table, explain=WordOcclusion(by_heart(table, wrong=some), unnamed))
    assert told(made) == told(scan(table, explain=WordOcclusion(by_heart(table, wrong=some), sorted(WORDS))))
    assert "LABEL_0 for lost, LABEL_1 for pin, LABEL_2 for refund" in " ".join(made.notes)


@pytest.mark.parametrize("classes", [["LABEL_0", "LABEL_1"], ["LABEL_0", "LABEL_1", "x"], ["a", "b", "c"]])
def test_a_model_that_knows_none_of_the_labels_is_refused_before_anything_is_computed(table, classes, tmp_path):
    class Unread(StaticEmbedder):
        def embed(self, texts):
            raise AssertionError("read")

    with pytest.raises(InputError, match=r"knows none of the labels.*classes=\["):
        scan(table, store=tmp_path, embedder=Unread(), explain=WordOcclusion(by_heart(table), classes))


def test_labels_that_the_model_does_not_know_are_left_out(table):
    some, two = set(told(scan(table))), ["lost", "refund"]

    def predict(texts):
        both = by_heart(table, wrong=some)(texts)[:, [0, 2]] + 1e-9
        return both / both.sum(axis=1, keepdims=True)

    made = scan(table, explain=WordOcclusion(predict, two))
    suggested = {row["id"]: json.loads(row["suggested"]) for row in made.findings.to_pylist() if row["suggested"]}
    assert {suggested[id] for id, words in told(made).items() if words} == set(two)
    assert "No words" not in " ".join(made.notes)


def test_what_fails_while_it_explains_costs_no_report(table, report, tmp_path):
    def fails(texts, classes):
        raise RuntimeError(texts[0])

    made = scan(table, store=tmp_path, explain=fails)
    assert set(told(made)) == set(told(report))
    (note,) = [note for note in made.notes if "No words of your own model are told" in note]
    assert note.endswith("What explains it failed: RuntimeError.")  # what it says may quote a text
    made = scan(table, explain=lambda texts, classes: [])
    assert any("texts 0 were explained" in note for note in made.notes)
    made = scan(table, explain=lambda texts, classes: [[Word(((np.int64(0), 2),), np.float32(2))] for _ in texts])
    assert any(told(made).values())


def test_an_embedder_that_may_be_slow_reads_little_more(table):
    class Counting:
        name, languages = "own", None

        def __init__(self) -> None:
            self.inner, self.read = StaticEmbedder(), 0
            self.dimensions = self.inner.dimensions

        def embed(self, texts):
            self.read += sum(map(len, texts))
            return self.inner.embed(texts)

    model = Counting()
    found = told(scan(table, embedder=model))
    once = sum(map(len, table["text"].to_pylist()))
    assert once < model.read <= once + max(PART * once, ROOM)
    assert any(found.values())


def test_leaving_out_tokens_is_reading_the_text_without_the_word():
    model, text = StaticEmbedder(), "I want my money back now"
    (vectors,) = model.without([text], [[((10, 15),), ((0, len(text)),)]])
    read = model.embed([text, "I want my back now", ""])
    np.testing.assert_allclose(normalize(vectors), normalize(read), atol=1e-5)
