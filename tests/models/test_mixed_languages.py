"""Languages of the parts of a text: long foreign parts are told, names, titles and loan words are not."""

from __future__ import annotations

import numpy as np
import pytest
from labelsift.models.mixed_languages import encode_parts, part_shares, parts_of

ENGLISH = "I have been waiting for my parcel since Monday"


@pytest.mark.parametrize(
    ("other", "name"),
    [
        ("Mi pedido no ha llegado todavía a mi casa", "es"),
        ("Meine Bestellung ist noch nicht angekommen", "de"),
        ("Мой заказ до сих пор не пришёл", "ru"),
        ("注文した商品がまだ届いていません", "ja"),
        ("मेरा ऑर्डर अभी तक नहीं पहुँचा है", "hi"),
        ("لم يصل طلبي حتى الآن ولا أحد يجيب", "ar"),
    ],
)
@pytest.mark.parametrize("form", ["{0}. {1}.", "{1}\n{0}", "{0} / {1}", "{0} ({1})"])
def test_a_long_part_in_another_language_is_told(other, name, form):
    own, names, foreign = part_shares(encode_parts([form.format(ENGLISH, other)]), frozenset({"en"}))
    assert names == [name]
    assert own[0] > 20 < foreign[0] + 12


@pytest.mark.parametrize(
    "text",
    [
        f"{ENGLISH}. {ENGLISH}.",
        f"{ENGLISH}. C'est la vie.",
        "We ate Spaghetti alla Carbonara (Trattoria Da Enzo Al Ventinove) and it was good. I would go there again.",
        "The new record of Los Fabulosos Cadillacs is out. I have been waiting for it since Monday.",
        "",
        "short. texto. kurz.",
    ],
)
def test_names_titles_and_short_parts_are_no_mixture(text):
    _, names, foreign = part_shares(encode_parts([text]), frozenset({"en"}))
    assert foreign.tolist() == [0]
    assert names == [""]


def test_a_long_text_is_read_in_part():
    assert len(next(parts_of([f"{ENGLISH}. Mi pedido no ha llegado todavía a mi casa. " * 10_000]))) <= 12
    assert isinstance(part_shares(encode_parts([]), frozenset())[0], np.ndarray)
