"""Garbage texts: each kind is flagged with its evidence, clean texts in any language are not, and habits are said."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from labelsift.checks.garbage import Garbage, garbage
from labelsift.checks.garbage_kinds import KINDS
from labelsift.data.schemas import to_json

SENTENCES = [
    line.split("\t")[1]
    for line in (Path(__file__).parents[1] / "texts" / "sentences.tsv").read_text(encoding="utf-8").splitlines()
]
WORDS = (
    "card refund order parcel payment account login password charge late broken missing please help yesterday "
    "support invoice delivery address number change cancel subscription screen update phone email twice again never"
).split()


def written(count: int, *, seed: int = 0, least: int = 6, most: int = 14) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=rng.randint(least, most))) for _ in range(count)]


def long_text(seed: int) -> str:
    rng = random.Random(seed)
    return " ".join(f"{word} {rng.randrange(10**9)}" for word in written(1, seed=seed, least=600, most=600)[0].split())


def kinds(result) -> dict[str, str]:
    return {finding.id: finding.kind for finding in result.findings}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Die Bestellung ist nicht angekommen, ich hÃ¤tte gerne eine Antwort", "encoding"),
        ("The na\ufffdve approach", "encoding"),
        ("a\x00b\x00c\x00", "control_characters"),
        ("As an AI language model, I cannot have opinions.", "model_leftover"),
        ("asdf jklö qwer asdfasdf", "mash"),
        ("!!!???###@@@ %%% &&& *** ((()))", "symbols"),
        ("buy it now, buy it now, buy it now, buy it now, buy it now, buy it now", "repetition"),
        ("<p>My parcel is late</p>", "markup"),
    ],
)
def test_a_text_alone_tells_its_kind_even_among_three(make_context, text, kind):
    result = garbage(make_context(["My parcel is late", text, "注文した商品がまだ届いていません。"]))
    (finding,) = result.findings
    assert (finding.id, finding.kind) == ("r1", kind)
    assert finding.evidence["kinds"] == [kind]
    assert 0 <= finding.score <= 0.5
    assert result.score.tolist() == [1, pytest.approx(finding.score), 1]
    assert result.is_issue.tolist() == [False, True, False]
    assert result.verdict == f"Of 3 texts 1 is not clean: 1 {KINDS[kind][0]}."
    to_json(finding.evidence)


def test_what_can_be_repaired_is_said(make_context):
    result = garbage(make_context(["Gr\u00c3\u00bc\u00c3\u0178e", "na\ufffdve"]))
    assert [finding.evidence["repairable"] for finding in result.findings] == [True, False]


def test_clean_texts_in_26_languages_are_not_flagged(make_context):
    assert garbage(make_context(SENTENCES)).findings == []
    assert garbage(make_context(["", " "])).verdict == ""


def test_blank_texts_are_not_judged(make_context):
    result = garbage(make_context(["fine", "", "\u200b"]))
    assert np.isnan(result.score[1:]).all()
    assert not result.is_issue.any()


def test_a_text_of_several_kinds_is_one_finding(make_context):
    result = garbage(make_context(["fine", "<p>a\x00</p>"]))
    (finding,) = result.findings
    assert finding.kind == "control_characters"
    assert finding.evidence["kinds"] == ["control_characters", "markup"]
    assert "control character" in finding.reason
    assert "left-over" in finding.reason


def test_random_keys_are_told_by_what_no_other_text_has(make_context):
    mash = ["xjq vlkz wprt bnmq zzkw qpfj", "kjsdhf lkxjsvf pzoiwer lkjgsdf"]
    foreign = ["Siparişim henüz gelmedi ve bekliyorum", "Đơn hàng của tôi vẫn chưa đến", "შეკვეთა ჯერ არ მოსულა აქ"]
    result = garbage(make_context([*written(400), *mash, *foreign]))
    assert kinds(result) == {"r400": "mash", "r401": "mash"}
    assert result.findings[0].reason.startswith("Of the letter triples in the text only")


def test_a_pile_of_the_same_mash_does_not_speak_for_itself(make_context):
    result = garbage(make_context([*written(400), *["xjq vlkz wprt bnmq zzkw qpfj"] * 20]))
    assert len(result.findings) == 20


def test_texts_that_end_at_a_limit_are_cut_off(make_context):
    texts = [text[:200] for text in written(400, least=4, most=40)]
    cut = [f"r{row}" for row, text in enumerate(texts) if len(text) == 200]
    result = garbage(make_context(texts))
    assert set(kinds(result).values()) == {"cut_off"}
    assert [finding.id for finding in result.findings] == cut
    evidence = result.findings[0].evidence
    assert (evidence["limit"], evidence["unit"], evidence["texts"]) == (200, "characters", len(cut))
    assert f"and so do {len(cut) - 1} others" in result.findings[0].reason


def test_equal_lengths_of_a_form_or_of_copies_are_no_limit(make_context):
    form = [f"{number:07} was sent to the address that was given, it says in the list" for number in range(90)]
    result = garbage(make_context([*written(200, least=2, most=5), *form]))
    assert "cut_off" not in kinds(result).values()
    copies = ["word " * 3 + text for text in written(1, least=20, most=20)] * 50
    assert "cut_off" not in kinds(garbage(make_context([*written(200), *copies]))).values()


def test_extreme_lengths_are_told_by_the_data_set_itself(make_context):
    texts = [*written(300), long_text(3), *written(5, seed=4)]
    result = garbage(make_context(texts))
    assert kinds(result) == {"r300": "length"}
    assert result.findings[0].evidence["characters"] == len(texts[300])
    group = [long_text(seed)[: 9000 + 37 * seed] for seed in range(20)]
    assert garbage(make_context([*written(300), *group])).findings == []  # texts of another kind, not extremes


def test_boilerplate_is_what_many_different_texts_share(make_context):
    footer = "This message and its attachments are confidential and meant for the person it was sent to."
    texts = [*written(300), *[f"{text}. {footer}" for text in written(30, seed=5, least=4, most=6)]]
    result = garbage(make_context(texts))
    assert set(kinds(result).values()) == {"boilerplate"}
    assert set(kinds(result)) == {f"r{row}" for row in range(300, 330)}
    assert "29 other texts" in result.findings[0].reason
    assert 0.5 <= result.findings[0].evidence["share"] < 1
    assert garbage(make_context([*written(300), *[texts[-1]] * 30])).findings == []  # copies are another issue


def test_what_most_texts_have_is_a_habit_and_flags_none(make_context):
    context = make_context([f"<p>{text}</p>" for text in written(30)] + written(5, seed=2))
    result = garbage(context)
    assert result.findings == []
    assert result.verdict == (
        "30 of 35 are texts with left-over markup: that is how this data set is written, and no sample is flagged "
        "for it."
    )


def test_settings_choose_kinds_and_thresholds(make_context):
    texts = ["<p>late</p>", "a\x00b", "fine"]
    context = make_context(texts, chosen_settings={Garbage: Garbage(kinds=("markup",))})
    assert kinds(garbage(context)) == {"r0": "markup"}
    context = make_context(texts, chosen_settings={Garbage: Garbage(markup_places=3)})
    assert kinds(garbage(context)) == {"r1": "control_characters"}
    with pytest.raises(ValueError, match="no kind of garbage called mush"):
        Garbage(kinds=("mush",))
    with pytest.raises(ValueError, match="repeated_share is 2, and goes from 0 to 1"):
        Garbage(repeated_share=2)


def test_reasons_and_evidence_quote_nothing(make_context):
    texts = ["<div>secret</div> secret", "secret\x00", "secret " * 20, "Sure, here is the translation: secret"]
    for finding in garbage(make_context(texts)).findings:
        assert "secret" not in finding.reason + to_json(finding.evidence)
