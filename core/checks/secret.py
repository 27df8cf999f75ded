"""Secrets in texts, metadata columns and ids, by :mod:`labelsift.texts.secrets`; the score is 0 or 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..texts import hints
from ..texts.matches import Match
from ..texts.redaction import unmistakable
from ..texts.secrets import KINDS, VERSION, secrets
from .context import Context, Result
from .matched_result import Words, result_of
from .registry import ANY_TASK, check
from .text_matches import Matches, column_matches, id_matches, text_matches

SECRET = Words("secret", "keys or passwords", "Secrets by kind", KINDS)


@dataclass(frozen=True)
class SecretSettings:
    """Settings of the check ``secret``.

    Parameters
    ----------
    kinds
        Those to look for; all by default.
    column_share
        A metadata column with this share of values that hold secrets is said of the data set, and flags no row.
    """

    kinds: tuple[str, ...] = ()
    column_share: float = 0.5

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.kinds) - set(KINDS)):
            raise ValueError(f"there is no kind {', '.join(unknown)}; there are {', '.join(KINDS)}")
        if not 0 < self.column_share <= 1:
            raise ValueError(f"column_share is {self.column_share}, and goes from above 0 to 1")


@check(
    "secret",
    needs=(),
    tasks=ANY_TASK,
    after=("empty",),
    settings=SecretSettings,
    title="Secrets",
    one="sample with a secret",
    many="samples with a secret",
    meaning="Holds a key or a password.",
    rank=110,
    actions=("redact", "remove"),
)
def secret(context: Context) -> Result:
    """Flag samples that hold a key, a token or a password; tell the columns that do."""
    settings = context.settings(SecretSettings)

    def find(text: str) -> Sequence[Match]:
        matches = secrets(text)
        return [match for match in matches if match.kind in settings.kinds] if settings.kinds else matches

    def in_id(id: str) -> Sequence[Match]:
        return [match for match in unmistakable(id) if match.kind in (settings.kinds or KINDS)]

    maker = f"secrets {VERSION}, {settings}"
    has_texts = context.samples.has_texts
    texts = text_matches(context, "secrets", maker, find, hint=hints.SECRETS) if has_texts else {}
    columns, filled = column_matches(context, find)
    ids = id_matches(context.samples.ids.to_pylist(), in_id, hint=hints.IDS)
    return result_of(context, Matches(texts, columns, filled, ids), SECRET, column_share=settings.column_share)
