"""Rules on single texts: garbage is seen, and what people really write is not taken for it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from labelsift.texts.encoding_damage import damage, repaired
from labelsift.texts.keyboard_mash import of_one_row, run_share
from labelsift.texts.markup import control_characters, markup
from labelsift.texts.model_leftovers import model_leftover
from labelsift.texts.repetition import repeated_share, symbol_share

SENTENCES = [
    line.split("\t")[1] for line in (Path(__file__).parent / "sentences.tsv").read_text(encoding="utf-8").splitlines()
]
ORDINARY = [
    *SENTENCES,
    "😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂",
    "👨‍👩‍👧‍👦 at the beach ❤️❤️❤️ #family",
    "nooooooooooooooo way!!!!!!!!!!!!!!",
    "wowwwwwwwwwwwwwwwwwwwwwwwww",
    "hahahahahahahahaha",
    "555555555 ตลกมาก",
    "ㅋㅋㅋㅋㅋㅋㅋㅋ 진짜?",
    "¯\\_(ツ)_/¯",
    "I <3 you :-) :-D ;-)",
    "for (int i = 0; i < n; i++) { a[i] = b[i] * 2; }",
    "SELECT name, price FROM items WHERE price > 10 AND name LIKE '%b%';",
    "if (x < y && y > z) return f(x, y);",
    "XK-4410/B rev. 3, SKU 9921-77-A",
    "A1B2C3D4",
    "+49 (0)30 1234-5678",
    "2024-05-01 12:30:05",
    "$12.50 / €11.90 (+5 %)",
    "AT&T and R&D; see Q&A",
    "List<String> names = new ArrayList<>();",
    "please <enter your name> here",
    "RT @user: lol #win https://example.org/a?b=1&c=2",
    "Property, liberty and poverty",
    "we were poorer",
    "запрос направо напротив",
    "Strč prst skrz krk",
    "ok",
    "?",
    "",
    "می‌خواهم", # a zero-width non-joiner is Persian spelling
    "Row, row, row your boat gently down the stream",
    "Yes, yes, yes! I want it, I want it now.",
]  # fmt: skip


@pytest.mark.parametrize("text", ORDINARY)
def test_what_people_write_is_no_garbage(text):
    assert control_characters(text)[0] == markup(text)[0] == 0
    assert model_leftover(text) == ""
    assert repeated_share(text) < 0.5
    assert symbol_share(text) < 0.7
    assert run_share(text) < 0.5
    assert not of_one_row(text)


@pytest.mark.parametrize(
    "text", ["a\x00b", "\x1b[31mred\x1b[0m", "bell\x07", "page\x0cbreak", "x\x80y", "not\uffff a character"]
)
def test_control_characters_are_counted(text):
    count, start = control_characters(text)
    assert count >= 1
    assert not text[start].isprintable()


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("<p>Hello</p>", 2),
        ('<a href="x">here</a>', 2),
        ("first<br />second", 1),
        ("Tom &amp; Jerry &#39;95 &nbsp;", 3),
        ("the company #39;s shares", 1),
        ("<!-- comment -->", 1),
        ("[quote]yes[/quote]", 1),
        ("use `<b>` and ```<div></div>```", 0),
    ],
)
def test_markup_is_counted(text, count):
    assert markup(text)[0] == count


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("As an AI language model, I don't have personal opinions.", "self_description"),
        ("Als KI-Sprachmodell habe ich keine Meinung.", "self_description"),
        ("Como modelo de lenguaje, no puedo opinar.", "self_description"),
        ("En tant que modèle de langage, je n'ai pas d'avis.", "self_description"),
        ("Как языковая модель, я не имею мнения.", "self_description"),
        ("AI言語モデルとして、意見はありません。", "self_description"),
        ("作为一个AI语言模型，我没有个人观点。", "self_description"),
        ("I'm sorry, but I cannot assist with that request.", "refusal"),
        ("I’m sorry, but I can’t translate this text.", "refusal"),
        ("Lo siento, no puedo traducir este texto.", "refusal"),
        ("申し訳ありませんが、この文章は翻訳できません。", "refusal"),
        ("Sure, here is the translation: Guten Tag", "opening"),
        ("Certainly! Here's a rewritten version of your sentence:", "opening"),
        ("Here is a summary of the article:", "opening"),
        ("Natürlich! Hier ist die Übersetzung:", "opening"),
        ("当然可以！以下是翻译：", "opening"),
        ("yes<|endoftext|>", "special_token"),
        ("[INST] hello [/INST]", "special_token"),
    ],
)
def test_what_a_language_model_left_is_told(text, kind):
    assert model_leftover(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, I can't help with that, please call us.",
        "Sorry, but I cannot open the file.",
        "Sure, here is my order number: 4411",
        "Of course! Here's what happened yesterday.",
        "Here is the list, as promised",
        "The AI in this game is terrible",
        "Which language model do you use?",
        "Here are the keys: under the mat",
        "As an American I disagree",
        "I can't translate this menu, can you?",
        "Claro, aquí tienes mi número",
        "抱歉，我不能来。",
    ],
)
def test_people_who_say_something_alike_are_no_language_model(text):
    assert model_leftover(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "I love this song " * 6,
        "注文した商品がまだ届いていません。" * 5,
        "สินค้ายังไม่มาส่ง" * 5,
        "aaaaaaaaaaaaaaaaaaaaaaaaa",
        "qqqqqqqqqqqwwwwwwwweeeeee rrrrrttt",
        "The same sentence again and again, and it does not stop. " * 40,
    ],
)
def test_repeats_are_measured(text):
    assert repeated_share(text) >= 0.5


@pytest.mark.parametrize(
    "text", ["!!!???###@@@ %%% &&& *** ((()))", "}{}{}{ ][][][ <><><> ;;;:::,,,...", "$%&/()=?`$%&/()=?`"]
)
def test_symbols_are_measured(text):
    assert symbol_share(text) >= 0.7


@pytest.mark.parametrize(
    "text",
    [
        "asdf jklö qwer asdfasdf",
        "zxcvbnm,./ zxcv",
        "qwertyuiop",
        "фывапролджэ",
        "ㅁㄴㅇㄹㅁㄴㅇㄹ",
        ";lkj;lkj;lkj poiu poiu",
    ],
)
def test_runs_of_keys_are_mash(text):
    assert run_share(text) >= 0.5


def test_one_row_without_vowels_is_mash():
    assert of_one_row("sdkjfh skdjfh skjdfh ksjdfh")
    assert of_one_row("vnmcxbv mnxcbv mxncbv")


# A rule that looks again from every place would take minutes for these.
EXPLOSIVE = [
    "a",
    "aa",
    "?",
    "??? ",
    "<",
    "<a ",
    "<b",
    "&",
    "&#",
    "`",
    "```",
    "`` ",
    "=",
    "=?",
    "\\x",
    "[/",
    " ",
    "ab ",
    "\x00",
    "é",
    "Ã",
    "\ufffd",
]


@pytest.mark.slow
@pytest.mark.parametrize("unit", EXPLOSIVE)
@pytest.mark.timeout(60)
def test_long_texts_that_make_expressions_try_again_are_read(unit):
    text = (unit * 100_000)[:100_000] + "!"
    for rule in (control_characters, markup, model_leftover, repeated_share, symbol_share, run_share, of_one_row):
        rule(text)


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb <p>\ud83d", "Ã¤\ud800" * 50, "\udcff" * 1000])
def test_halves_of_surrogate_pairs_are_stood(text):
    for rule in (control_characters, markup, model_leftover, repeated_share, symbol_share, run_share, of_one_row):
        rule(text)
    damage(text)
    repaired(text)


def test_the_tests_sentences_are_in_many_scripts():
    assert len(SENTENCES) == 26 * 8
    assert sum(bool(re.search("[^\u0000-\u024f]", text)) for text in SENTENCES) > 80
