"""Disclosure: neither the panels nor the page name annotators, classes of few samples or words of texts."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import labelsift as ls
import pandas as pd
import pyarrow as pa
import pytest
from labelsift.data.samples import Samples
from labelsift.data.schemas import Finding, findings_table
from labelsift.metrics.slice_metrics import FEWEST
from labelsift.render.page.build import render_page
from labelsift.render.tracker_panels.dataset import samples_table
from labelsift.render.tracker_panels.disclosure import disclosed, masked_classes, named_classes, private_columns
from labelsift.render.tracker_panels.page import page_run
from labelsift.render.tracker_panels.panels import panels
from labelsift.render.tracker_panels.sentences import Mentions

WORDS = {
    "card": "card order arrive post deliver plastic broken chip slot pay".split(),
    "loan": "loan rate interest month sum house debt bank term sign".split(),
    "app": "app phone screen login update crash button slow menu reset".split(),
}
FOREIGN = "melanoma diagnosis chemotherapy oncologist tumor biopsy metastasis radiotherapy".split()
PERSONS = {"Zelda Quux": "山田太郎", "Yorick Plugh": "鈴木花子", "Xena Frobozz": "佐藤次郎"}
MAIL = "ann.miller@example.org"


@pytest.fixture(scope="module")
def scanned():
    """A scan whose checks say much of annotators, of a class of six samples, and of a group of foreign texts."""
    rng, rows = random.Random(1), []
    for number in range(600):
        label = rng.choice(list(WORDS))
        zelda = label == "card" and rng.random() < 0.95
        who = "Zelda Quux" if zelda else rng.choice(["Yorick Plugh", "Xena Frobozz"])
        given = rng.choice(list(WORDS)) if rng.random() < (0.35 if who == "Xena Frobozz" else 0.06) else label
        text = " ".join(rng.choices(WORDS[label], k=10))
        rows.append({"id": f"r{number}", "text": text, "label": given, "annotator": who, "担当者": PERSONS[who]})
    for number in range(40):
        text, who = " ".join(rng.choices(FOREIGN, k=10)), rng.choice(list(PERSONS))
        rows.append(
            {
                "id": f"f{number}",
                "text": text,
                "label": rng.choice(list(WORDS)),
                "annotator": who,
                "担当者": PERSONS[who],
            }
        )
    for number in range(6):
        row = {"id": f"s{number}", "text": f"heart pill {number}", "label": "HIV-positive"}
        rows.append(row | {"annotator": "Yorick Plugh", "担当者": "鈴木花子"})
    for row in rows[:2]:
        row |= {"text": " ".join(WORDS["loan"]), "label": "HIV-positive"}
    rows[0]["label"] = "app"
    columns = ["annotator", "担当者", "state"]
    frame = pd.DataFrame(row | {"state": rng.choice(["CA", "NY"])} for row in rows)
    data = ls.read(frame, text="text", label="label", id="id", metadata=columns)
    return ls.scan(data, store=None, progress=False)


def page_of(report, *, with_text=False):
    run, share = page_run(report, with_text=with_text)
    return render_page(run, share=share, named=named_classes(run.samples))


@pytest.mark.slow
def test_the_scan_itself_says_all_of_it(scanned):
    facts = json.dumps(scanned.facts, ensure_ascii=False)
    for word in ("Zelda", "山田", "HIV-positive", "melanoma"):
        assert word in facts


@pytest.mark.slow
def test_no_panel_names_annotators_small_classes_or_words(scanned):
    shown = panels(scanned, every=True)
    everything = json.dumps(shown.as_dict() | {"flagged": []}, ensure_ascii=False)
    for word in ("Zelda", "Yorick", "Xena", "山田", "鈴木", "佐藤", "HIV", *FOREIGN):
        assert word not in everything
    assert shown.params["labelsift_not_sliced"] == "annotator, 担当者"
    assert "state:CA" in everything and "Foreign groups" in shown.summary


@pytest.mark.slow
@pytest.mark.parametrize("with_text", [False, True])
def test_no_page_of_a_tracker_names_annotators_or_counts_small_classes(scanned, with_text):
    page = page_of(scanned, with_text=with_text)
    for word in ("Zelda", "Yorick", "Xena", "山田", "鈴木", "佐藤", "label:HIV", 'label = \\"HIV'):
        assert word not in page
    assert ("melanoma" in page) == with_text
    assert "Zelda" in render_page(scanned) and "label:HIV" in render_page(scanned)  # the local one is as it was


def test_a_sentence_that_names_nobody_stays(scanned):
    stated = scanned.facts["checks"]["spurious"]["verdict"]
    assert "Zelda" in stated and "Zelda" not in panels(scanned).summary
    kept = disclosed(scanned).facts["checks"]["spurious"]["verdict"]
    assert all(sentence in stated for sentence in kept.split(". "))
    assert "A model that sees it" not in kept  # what was said of a column goes with it


@pytest.mark.slow
def test_where_the_scan_looked_for_labels_only_personal_values_are_known_all_the_same():
    rows = [
        {
            "text": f"customer {row} wrote about card {row % 9}",
            "label": "xy"[row % 2],
            "contact": MAIL if row % 2 else "b@c.org",
        }
        for row in range(200)
    ]
    data = ls.read(pd.DataFrame(rows), text="text", label="label", metadata=["contact"])
    report = ls.scan(data, only=["label"], store=None, progress=False)
    shown = panels(report, every=True)
    assert not [row for row in shown.slices.rows if "contact" in row[0]]
    for part in (str(shown.as_dict()), page_of(report), page_of(report, with_text=True)):
        assert MAIL not in part and "ann.miller" not in part


def with_metadata(report, **columns):
    table = report.samples.metadata
    for name, values in columns.items():
        table = table.append_column(name, values)
    return replace(report, samples=Samples(report.samples.table, table, report.samples.name))


def test_a_slice_is_asked_of_columns_that_are_not_shown(make_report):
    names = pa.array([("Ann Example", "Bob Bobson")[row % 2] for row in range(200)])
    tiers = pa.array([("gold", "tin")[row % 2] for row in range(200)])
    report = with_metadata(make_report(), user=names, user_tier=tiers)
    slices = {"gold": "user_tier = 'gold'", "mine": "user = 'Ann Example'"}
    report = replace(report, settings=report.settings | {"slices": slices})
    run = disclosed(report)
    assert "user" not in run.samples.metadata.column_names and "user_tier" in run.samples.metadata.column_names
    assert run.samples.fingerprint == report.samples.fingerprint
    assert {"slice:gold", "slice:mine"} <= {row[0] for row in panels(report).slices.rows}
    page = page_of(report)
    assert "mine" in page and "Bob Bobson" not in page and "Ann Example" not in page


def test_personal_data_in_categories_reasons_and_class_names_are_masked(make_report):
    report = make_report()
    mails = pa.array([(MAIL, "bob@example.org")[row % 2] for row in range(200)])
    report = with_metadata(report, cat=mails.dictionary_encode())
    labels = pa.array([(MAIL, "bob@example.org", "team b")[row % 3] for row in range(200)])
    table = report.samples.table.set_column(report.samples.table.column_names.index("label"), "label", labels)
    rows = [Finding("t1", "label", 0.0, f"Call {MAIL} now", given=MAIL, suggested="team b")]
    report = replace(
        report,
        samples=replace(report.samples, table=table),
        pred_probs=None,
        classes=(MAIL, "bob@example.org", "team b"),
        findings=pa.concat_tables([report.findings, findings_table(rows)]),
    )
    assert private_columns(report) == {"cat"}
    assert set(masked_classes(report).samples.classes) == {"[EMAIL_1]", "[EMAIL_1] (2)", "team b"}
    shown = panels(report, every=True, with_text=True)
    parts = [str(shown.as_dict()), str(samples_table(report).to_pylist()), page_of(report, with_text=True)]
    for part in parts:
        assert MAIL not in part and "ann.miller" not in part
    assert {row[1]: row[0] for row in shown.flagged.rows if row[0] == "t1"} == {"[EMAIL_1]": "t1"}


def test_a_person_in_the_reason_of_a_sample_goes_and_other_reasons_stay(make_report):
    report = with_metadata(make_report(), rater=pa.array(["Zelda", "Yo"] * 100))
    rows = [
        Finding("t1", "label", 0.0, 'Of rater = "Zelda" all look like refund'),
        Finding("t2", "label", 0.0, "Like t3"),
        Finding("t4", "label", 0.0, "Zelda and Yo said refund", kind="consensus"),
    ]
    run = disclosed(replace(report, findings=findings_table(rows)))
    reasons = dict(zip(run.findings["id"].to_pylist(), run.findings["reason"].to_pylist(), strict=True))
    assert "Zelda" not in str(reasons) and reasons["t2"] == "Like t3" and all(reasons.values())


def test_classes_of_few_samples_are_those_under_ten(make_report):
    table = make_report().samples.table
    labels = pa.array(["few"] * (FEWEST - 1) + ["enough"] * FEWEST + ["many"] * (201 - 2 * FEWEST))
    table = table.set_column(table.column_names.index("label"), "label", labels)
    assert named_classes(Samples(table, make_report().samples.metadata)) == {"enough", "many"}


@pytest.mark.parametrize(
    ("terms", "text", "kept"),
    [
        (["user"], 'All is well. Where user = "a. B", 3 are bad. So 4.5 % are.', "All is well. So 4.5 % are."),
        (["user"], "By user_tier 3 are bad.", "By user_tier 3 are bad."),
        (["担当者"], '担当者 = "山田" is worse. Rest.', "Rest."),
        (["Dr. No"], "Rare: Dr. No, of 4 classes. Fine.", "Fine."),
        (["x" * 50], f"Rare: {'x' * 40}…, of 4. Fine.", "Fine."),
        (["a"], "Of 3 b: 2. 5 more stand in the table. In a 1.", "Of 3 b: 2."),
        ([], "Whatever. It is.", "Whatever. It is."),
    ],
)
def test_sentences_are_left_out_whole(terms, text, kept):
    mentions = Mentions(terms)
    assert mentions.left_out(text) == kept
    assert mentions.in_text(text) == (kept != text)
    assert mentions.in_column(pa.array([text, None])).to_pylist() == [kept != text, False]
