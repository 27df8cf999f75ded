"""Personal data: which samples and columns hold some, and that no value gets into what is said of it."""

from __future__ import annotations

import json

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.checks.pii import PiiSettings, pii
from labelsift.checks.secret import SecretSettings, secret
from labelsift.checks.settings import settings_of
from labelsift.data.long_texts import LONGEST

PLAIN = "It has not arrived yet"
VALUES = ["jo@mail.example", "+44 20 7946 0958", "DE89370400440532013000", "Snoopy1969!", "AKIAQW3RTY5UIO7PAS2D"]


def table(texts, **columns):
    return pa.table({"id": [f"r{row}" for row in range(len(texts))], "text": texts, **columns})


def scanned(data, **given):
    samples = ls.read(data, id="id", metadata=[name for name in data.column_names if name not in ("id", "text")])
    return ls.scan(samples, only=["pii", "secret"], store=None, progress=False, **given)


def findings(report, issue="pii", scope="sample"):
    rows = report.findings.to_pylist()
    return [row for row in rows if row["issue"] == issue and row["scope"] == scope]


def test_kinds_counts_and_offsets_are_told_and_never_a_value(make_context):
    text = "Write to jo@mail.example or call +44 20 7946 0958"
    context = make_context([PLAIN, text])
    result = pii(context)
    (finding,) = result.findings
    assert (finding.id, finding.kind, finding.score) == ("r1", "phone", 0)
    assert finding.reason == "The text holds 1 e-mail address and 1 phone number."
    assert finding.evidence == {
        "kinds": {"email": 1, "phone": 1},
        "spans": [[9, 24, "email"], [33, 49, "phone"]],
        "columns": {},
        "id": {},
    }
    assert result.score.tolist() == [1, 0]
    assert result.is_issue.tolist() == [False, True]
    assert result.verdict == (
        "1 of 2 samples (50 %) holds personal data: 1 e-mail address and 1 phone number.".replace(" %", "\u00a0%")
    )


def test_what_only_words_tell_is_less_certain(make_context):
    result = pii(make_context(["My name is Ann Lee.", "I live at 12 Rose Lane."]))
    assert [(finding.kind, finding.score) for finding in result.findings] == [
        ("name", pytest.approx(0.1)),
        ("address", pytest.approx(0.1)),
    ]


def test_nothing_found_says_nothing(make_context):
    for check in (pii, secret):
        result = check(make_context([PLAIN, "", "日本語のテキスト"]))
        assert (result.findings, result.verdict, result.tables) == ([], "", ())
        assert not result.is_issue.any() and (result.score == 1).all()


def test_a_column_of_personal_data_is_said_once_and_a_single_value_flags_its_row():
    mails = [f"user{number}@mail.example" for number in range(9)]
    notes = ["fine"] * 8 + ["call +44 20 7946 0958"]
    report = scanned(table([PLAIN] * 9, customer_email=mails, note=notes, plan=["free"] * 9))
    (row,) = findings(report)
    assert (row["id"], row["kind"]) == ("r8", "phone")
    assert row["reason"] == "The column note holds 1 phone number."
    assert json.loads(row["evidence"])["columns"] == {"customer_email": {"email": 1}, "note": {"phone": 1}}
    (column,) = findings(report, scope="dataset")
    assert column["id"] == "customer_email"
    verdict = report.facts["checks"]["pii"]["verdict"].replace("\u00a0", " ")
    assert verdict == (
        "1 of 9 samples (11.1 %) holds personal data: 1 phone number; also the column customer_email (100 % of its"
        " values)."
    )
    assert report.facts["hidden_columns"] == {"pii": ["customer_email", "note"]}


def test_the_name_of_a_column_says_what_its_values_are():
    numbers = [f"4155550{number}" for number in range(132, 142)]
    dates = [f"19{year}-03-04" for year in range(70, 80)]
    data = table([PLAIN] * 10, phone=numbers, order_id=numbers, birth_date=dates, created=dates)
    hidden = scanned(data).facts["hidden_columns"]["pii"]
    assert hidden == ["birth_date", "phone"]


def test_columns_alone_are_checked_where_there_are_no_texts():
    data = pa.table({"id": ["a", "b"], "mail": ["jo@mail.example", None], "x": [[1.0], [0.5]]})
    samples = ls.read(data, text=None, id="id", metadata=["mail"])
    vectors = ls.Signals(embeddings=np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32))
    report = ls.scan(samples, signals=vectors, only=["pii"], store=None, progress=False)
    assert "the column mail" in report.facts["checks"]["pii"]["verdict"].lower()


def test_ids_that_are_kept_are_told():
    samples = ls.read(pa.table({"id": ["jo@mail.example", "2"], "text": [PLAIN, "x"]}), id="id", keep_ids=True)
    report = ls.scan(samples, only=["pii"], store=None, progress=False)
    (row,) = findings(report)
    assert json.loads(row["evidence"])["id"] == {"email": 1}
    assert row["reason"] == "The id holds 1 e-mail address."


def test_the_end_of_a_long_text_is_read_too():
    report = scanned(table([PLAIN, "x" * LONGEST + " jo@mail.example", "y" * LONGEST + " password = Snoopy1969!"]))
    (mail,), (password,) = findings(report), findings(report, "secret")
    assert json.loads(mail["evidence"])["spans"] == [[LONGEST + 1, LONGEST + 16, "email"]]
    assert password["id"] == "r2"


@pytest.mark.slow
def test_settings_choose_kinds_regions_and_own_addresses():
    texts = ["Rückruf unter 089/54321098", "Mail support@shop.example, a@shop.example", "jo@mail.example"]
    data = table(texts, country=["de-DE", "FR", None])

    def kinds(**settings):
        return [row["id"] for row in findings(scanned(data, checks={"pii": settings}))]

    assert kinds() == ["r1", "r2"]
    assert kinds(region="DE") == ["r0", "r1", "r2"]
    assert kinds(region_column="country") == ["r0", "r1", "r2"]
    assert kinds(ignore=["@shop.example"]) == ["r2"]
    assert kinds(ignore=["JO@mail.example", "support@shop.example"]) == ["r1"]
    assert kinds(kinds=["phone"]) == []
    with pytest.raises(ls.InputError, match="no metadata column county"):
        kinds(region_column="county")


@pytest.mark.parametrize(
    ("check", "table", "said"),
    [
        ("pii", {"kinds": ["mail"]}, "no kind mail"),
        ("pii", {"region": "Germany"}, "two capital letters"),
        ("pii", {"names": "bert"}, "spacy:PIPELINE"),
        ("pii", {"countries": ["XX"]}, "XX are not known"),
        ("pii", {"column_share": 0.0}, "goes from above 0"),
        ("secret", {"kinds": ["pin"]}, "no kind pin"),
        ("secret", {"column_share": 2}, "goes from above 0"),
    ],
)
def test_settings_that_do_not_fit_are_refused(check, table, said):
    with pytest.raises(ls.InputError, match=said):
        settings_of({check: table})


def test_defaults_are_what_the_documents_say():
    assert PiiSettings() == PiiSettings(names="cues", column_share=0.5)
    assert SecretSettings() == SecretSettings(column_share=0.5)


def test_a_second_scan_finds_the_same_without_looking(tmp_path, monkeypatch):
    data = table(["Write to jo@mail.example", "my password is Snoopy1969!", PLAIN])
    first = ls.scan(data, id="id", only=["pii", "secret"], store=tmp_path, progress=False)
    for module, name in (("pii", "personal_data"), ("secret", "secrets")):
        monkeypatch.setattr(f"labelsift.checks.{module}.{name}", lambda *given, **named: pytest.fail("looked again"))
    again = ls.scan(data, id="id", only=["pii", "secret"], store=tmp_path, progress=False)
    assert again.findings.equals(first.findings)


def test_no_value_stands_in_what_is_said():
    data = table([f"{PLAIN}: my password is {value}, {value}" for value in VALUES], note=VALUES, key=VALUES)
    report = scanned(data)
    said = json.dumps([report.findings.to_pylist(), report.facts, report.notes], default=str)
    assert len(findings(report)) + len(findings(report, "secret")) >= 5
    assert not [value for value in VALUES if value in said]


def test_without_check_digits_the_verdict_says_how_national_ids_were_looked_for(make_context, monkeypatch):
    monkeypatch.setattr("labelsift.checks.pii.has_check_digits", lambda: False)
    assert "without their check digits" in pii(make_context(["jo@mail.example"])).verdict
    assert pii(make_context([PLAIN])).verdict == ""


def test_slices_leave_out_a_column_of_names_unless_it_is_asked_for():
    names = ["Ann Lee", "Bo Berg"] * 10
    data = table(
        [f"{PLAIN} {row}" for row in range(20)], customer_name=names, plan=["free", "paid"] * 10, label=["a", "b"] * 10
    )
    samples = ls.read(data, id="id", label="label", metadata=["customer_name", "plan"])
    report = ls.scan(samples, only=["pii"], store=None, progress=False)
    assert not [row for row in report.slices().to_pylist() if "Ann" in str(row)]
    assert [row for row in report.slices(by=["customer_name"]).to_pylist() if "Ann" in str(row)]
    shown = ls.scan(
        samples, only=["pii"], checks={"pii": {"shown_columns": ["customer_name"]}}, store=None, progress=False
    )
    assert [row for row in shown.slices().to_pylist() if "Ann" in str(row)]
