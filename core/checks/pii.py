"""Personal data in texts, metadata columns and ids, by :mod:`labelsift.texts.personal_data`.

The score is 0 where something with a form or checksum is found, 0.1 where only words say so, 1 where nothing is found:
the finding is as certain as the precision of its kind (docs/personal-data.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.column_values import as_texts
from ..errors import InputError
from ..models.name_models import PRESIDIO, SPACY, name_model
from ..store.cache import versions_of
from ..texts import hints
from ..texts.matches import Match, settled
from ..texts.national_ids import COUNTRIES, has_check_digits
from ..texts.personal_data import KINDS, VERSION, personal_data
from ..texts.redaction import unmistakable
from .context import Context, Result
from .matched_result import Words, result_of
from .registry import ANY_TASK, check
from .text_matches import Matches, column_matches, id_matches, text_matches

CUES, OFF = "cues", "off"
WORST_FIRST = ("national_id", "card", "iban", "wallet", "phone", "email", "address", "birth_date", "ip_address", "name")
BY_WORDS = frozenset({"address", "birth_date", "name"})
PERSONAL = Words("pii", "personal data", "Personal data by kind", WORST_FIRST, BY_WORDS)


@dataclass(frozen=True)
class PiiSettings:
    """Settings of the check ``pii``.

    Parameters
    ----------
    kinds
        Those to look for; all by default.
    region
        Two letters (ISO 3166) of where phone numbers without + belong; "" recognizes such ones by a word before them.
    region_column
        The metadata column that holds each sample's region (``DE``, ``de-DE``) in place of ``region``.
    countries
        Whose national ids to look for.
    names
        ``cues`` (words before a name), ``off``, ``spacy:PIPELINE`` or ``presidio`` (beside the cues).
    ignore
        Values that are no finding, such as the address of one's own support, or ``@`` and a domain of one's own.
    column_share
        A metadata column with this share of values that hold personal data is said of the data set, and flags no row.
    shown_columns
        Metadata columns that slices and trackers show although they hold personal data: by default none that does.
    """

    kinds: tuple[str, ...] = ()
    region: str = ""
    region_column: str = ""
    countries: tuple[str, ...] = COUNTRIES
    names: str = CUES
    ignore: tuple[str, ...] = ()
    column_share: float = 0.5
    shown_columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.kinds) - set(KINDS)):
            raise ValueError(f"there is no kind {', '.join(unknown)}; there are {', '.join(KINDS)}")
        if unknown := sorted(set(self.countries) - set(COUNTRIES)):
            raise ValueError(
                f"national ids of {', '.join(unknown)} are not known, only those of {', '.join(COUNTRIES)}"
            )
        if self.region and not _is_region(self.region):
            raise ValueError(f"region is {self.region!r}, and is two capital letters, such as DE")
        if self.names not in (CUES, OFF, PRESIDIO) and not self.names.startswith(SPACY):
            raise ValueError(f"names is {self.names!r}, and is cues, off, spacy:PIPELINE or presidio")
        if not 0 < self.column_share <= 1:
            raise ValueError(f"column_share is {self.column_share}, and goes from above 0 to 1")


def _is_region(value: str) -> bool:
    from phonenumbers import SUPPORTED_REGIONS

    return value in SUPPORTED_REGIONS


@check(
    "pii",
    needs=(),
    tasks=ANY_TASK,
    after=("empty",),
    settings=PiiSettings,
    title="Personal data",
    one="sample with personal data",
    many="samples with personal data",
    meaning="Holds data about a person.",
    rank=100,
    actions=("redact", "remove"),
)
def pii(context: Context) -> Result:
    """Flag samples that hold personal data; tell the columns that do."""
    settings = context.settings(PiiSettings)
    find = _detector(settings)
    texts = _in_texts(context, settings, find)
    columns, filled = column_matches(context, find(settings.region or None))
    ids = id_matches(context.samples.ids.to_pylist(), partial(_in_id, settings=settings), hint=hints.IDS)
    result = result_of(
        context,
        Matches(texts, columns, filled, ids),
        PERSONAL,
        column_share=settings.column_share,
        shown_columns=settings.shown_columns,
    )
    if result.verdict and not has_check_digits():
        result.verdict += (
            " National ids were looked for where a word names them, without their check digits: pip install"
            ' "labelsift[pii]".'
        )
    return result


Detector = Callable[[str], Sequence[Match]]


def _detector(settings: PiiSettings) -> Callable[[str | None], Detector]:
    """Return region → detector, with the kinds and values that the settings want."""

    def of_region(region: str | None) -> Detector:
        names, countries = settings.names != OFF, settings.countries

        def find(text: str) -> Sequence[Match]:
            matches = personal_data(text, region=region, names=names, countries=countries)
            return _wanted(text, matches, settings) if matches else matches

        return find

    return of_region


def _wanted(text: str, matches: Sequence[Match], settings: PiiSettings) -> Sequence[Match]:
    """Leave out kinds that nobody asked for, and values that are one's own."""
    if not settings.kinds and not settings.ignore:
        return matches
    ignored = tuple(value.lower() for value in settings.ignore)
    domains = tuple(value for value in ignored if value.startswith("@"))
    return [
        match
        for match in matches
        if (not settings.kinds or match.kind in settings.kinds)
        and (value := text[match.start : match.end].lower()) not in ignored
        and not (domains and value.endswith(domains))
    ]


def _in_id(id: str, *, settings: PiiSettings) -> Sequence[Match]:
    return _wanted(id, [match for match in unmistakable(id) if match.kind in KINDS], settings)


def _in_texts(
    context: Context, settings: PiiSettings, find: Callable[[str | None], Detector]
) -> dict[int, list[Match]]:
    if not context.samples.has_texts:
        return {}
    if settings.region_column:
        by_row = _by_region(context, settings, find)
    else:
        made_by = versions_of("phonenumberslite", "python-stdnum")
        maker = f"personal data {VERSION}, {made_by}, {settings}"
        region = settings.region or None
        by_row = text_matches(context, "personal_data", maker, find(region), hint=hints.PERSONAL_DATA)
    if settings.names in (CUES, OFF) or (settings.kinds and "name" not in settings.kinds):
        return by_row
    return _with_names(context, settings, by_row)


def _by_region(
    context: Context, settings: PiiSettings, find: Callable[[str | None], Detector]
) -> dict[int, list[Match]]:
    """Find personal data with each row's own region; nothing is kept, for it hangs on more than the text."""
    metadata = context.samples.metadata
    if settings.region_column not in metadata.column_names:
        raise InputError(
            f"There is no metadata column {settings.region_column} for the regions of phone numbers",
            hint="Keep it: metadata=…, --meta, or take out region_column of the check pii",
        )
    rows_of = defaultdict[str, list[int]](list)
    for row, value in enumerate(as_texts(metadata[settings.region_column]).to_pylist()):
        region = (value or "")[-2:].upper()
        rows_of[region if _is_region(region) else settings.region].append(row)
    by_row: dict[int, list[Match]] = {}
    for region, rows in rows_of.items():
        chosen = context.whole_texts.take(pa.array(rows))
        hinted = np.flatnonzero(pc.match_substring_regex(chosen, hints.PERSONAL_DATA))
        for place, text in zip(hinted.tolist(), chosen.take(pa.array(hinted)).to_pylist(), strict=True):
            if matches := find(region or None)(text):
                by_row[rows[place]] = list(matches)
    return by_row


def _with_names(context: Context, settings: PiiSettings, by_row: dict[int, list[Match]]) -> dict[int, list[Match]]:
    """Add the names that the user's own model recognizes; what has a form stays where they overlap."""
    recognize = name_model(settings.names)
    for row, places in enumerate(recognize(context.whole_texts.to_pylist())):
        names = [Match(start, end, "name") for start, end in places]
        if names:
            by_row[row] = list(settled([*by_row.get(row, ()), *names], order=KINDS))
    return by_row
