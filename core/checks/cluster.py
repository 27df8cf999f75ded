"""Foreign groups: rows that hang together and are apart from the rest, by single linkage and the rest's mean vector.

A group of :mod:`labelsift.models.single_linkage` is foreign where it joins the rest at a similarity below what nearly
all rows have to their neighbours, and is unlike the rest as a whole; or where it is much denser than the similarity at
which it joins, and is very unlike the rest. The rows of a language that the check ``language`` flags are a group, too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from ..data.formatting import listed, percent, shortened
from ..data.language_names import language_name
from ..data.schemas import Finding
from ..data.stable_draws import drawn
from ..models.languages import SURE_FROM
from ..models.neighbors import Graph
from ..models.single_linkage import Group, core_similarity, groups_joining
from .cluster_words import distinctive_words
from .context import Context, FactTable, Result
from .language import MIXED
from .registry import ANY_TASK, check

# Chosen on groups planted into banking77 and AG News, seed 1 (benchmarks/RESULTS.md); in interquartile ranges.
LATE, UNLIKE = -0.45, -0.6  # of the similarity at which a group joins, and of its similarity to the rest
DENSE, VERY_UNLIKE, OPEN = 0.1, -0.8, 0.05  # cosine; interquartile ranges; share of neighbours outside
MOSTLY = 0.8  # share of a language, a label or a metadata value that is told
NEIGHBORS, FEWEST_ROWS = 10, 60
ASKED = 200  # rows of a group whose nearest others are looked for where the graph has no way out of it
READ = 5_000  # texts of the rest that a group's words are held against
NAME_LENGTH, SHOWN = 40, 5


@dataclass(frozen=True)
class Cluster:
    """Settings of the check.

    Parameters
    ----------
    least
        Rows of a group.
    most
        Share of the data set, above which a group is part of it rather than foreign.
    """

    least: int = 10
    most: float = 0.2

    def __post_init__(self) -> None:
        if self.least < 3 or not 0 < self.most < 0.5:
            raise ValueError(f"least is {self.least} and most {self.most}; from 3 rows, and below one half")


@dataclass(frozen=True)
class Foreign:
    """A foreign group.

    Parameters
    ----------
    group, kind
        Its rows; ``foreign`` or ``language``.
    to_rest, within
        Mean cosine to the rest, and within; None of a language, which is no matter of vectors.
    title
        Its distinctive words, or its language.
    mix
        What its rows mostly are: language, label, metadata.
    """

    group: Group
    kind: str
    to_rest: float | None = None
    within: float | None = None
    title: str = ""
    mix: tuple[str, ...] = ()


@check(
    "cluster",
    needs=("vectors",),
    tasks=ANY_TASK,
    after=("language", "outlier", "pii", "secret"),  # whose columns are told nobody
    settings=Cluster,
    title="Foreign groups",
    one="sample of a foreign group",
    many="samples of foreign groups",
    meaning="A group of samples that is apart from all others.",
    rank=35,
    actions=("remove",),
)
def cluster(context: Context) -> Result:
    """Flag the rows of foreign groups; the score is half the part of a usual similarity at which the group joins."""
    n, settings = len(context), context.settings(Cluster)
    score, is_issue = np.full(n, np.nan, dtype=np.float32), np.zeros(n, dtype=bool)
    if context.graph is None or context.vectors is None:
        return Result(score, is_issue, [])
    judged = context.readable & ~context.blank & context.vectors.any(axis=1) & (context.graph.rows[:, 0] >= 0)
    foreign = _languages(context, settings)
    for entry in foreign:
        judged[entry.group.rows] = False
    if judged.sum() >= max(FEWEST_ROWS, 2 * settings.least):
        score[judged] = 1
        foreign += _foreign(context, context.graph, judged, settings)
    usual = float(np.median(core_similarity(context.graph)[judged])) if judged.any() else 0.0
    named = [_named(context, entry) for entry in foreign]
    findings = []
    for entry in sorted(named, key=lambda entry: (-len(entry.group.rows), entry.title)):
        rows = entry.group.rows
        is_issue[rows] = True
        score[rows] = 0.5 * np.clip(entry.group.joins / usual, 0, 1) if usual > 0 else 0.0
        findings += _findings(context, entry, float(score[rows[0]]))
    sentences = [_sentence(entry, n) for entry in named]
    verdict = (
        f"{len(sentences)} {'group is' if len(sentences) == 1 else 'groups are'} apart from the rest: "
        f"{'; '.join(sentences[:SHOWN])}."
        if sentences
        else ""
    )
    return Result(score, is_issue, findings, verdict=verdict, tables=_table(named, n))


def _foreign(context: Context, graph: Graph, judged: np.ndarray, settings: Cluster) -> list[Foreign]:
    """Return the foreign groups, the largest first; of groups within each other the outer one."""
    assert context.vectors is not None  # noqa: S101 - its caller looked
    vectors, n = context.vectors, int(judged.sum())
    mean = vectors[judged].mean(axis=0, dtype=np.float64)
    core = core_similarity(graph)
    usual, join = (np.quantile(values[judged], [0.25, 0.75]) for values in (vectors @ mean.astype(np.float32), core))
    if usual[1] <= usual[0] or join[1] <= join[0]:
        return []
    foreign: list[Foreign] = []
    taken = np.zeros(len(graph.rows), dtype=bool)
    groups = groups_joining(graph, judged, least=settings.least, most=int(settings.most * n))
    for group in sorted(groups, key=lambda group: (-len(group.rows), int(group.rows[0]))):
        rows = group.rows
        if taken[rows].any():
            continue
        whole = vectors[rows].sum(axis=0, dtype=np.float64)
        to_rest = float(whole @ (mean * n - whole)) / len(rows) / (n - len(rows))
        unlike = (to_rest - usual[0]) / (usual[1] - usual[0])
        outside = _share_outside(graph, rows)
        if unlike > UNLIKE:
            continue
        if not group.joins:
            group = replace(group, joins=_nearest_outside(vectors, core, rows, judged))
        late = (group.joins - join[0]) / (join[1] - join[0])
        dense = float(np.median(core[rows])) - group.joins
        apart = (late <= LATE and unlike <= UNLIKE) or (unlike <= VERY_UNLIKE and dense >= DENSE and outside <= OPEN)
        if not apart:
            continue
        within = float(whole @ whole - len(rows)) / (len(rows) * (len(rows) - 1))
        group = replace(group, rows=_with_neighbors(graph, rows, judged & ~taken))
        taken[group.rows] = True
        foreign.append(Foreign(group, "foreign", to_rest, within))
    return foreign


def _share_outside(graph: Graph, rows: np.ndarray) -> float:
    """Return the share of a group's nearest neighbours that are no members."""
    near = graph.rows[rows, :NEIGHBORS]
    return float((~np.isin(near[near >= 0], rows)).mean())


def _nearest_outside(vectors: np.ndarray, core: np.ndarray, rows: np.ndarray, judged: np.ndarray) -> float:
    """Return the highest mutual reachability between a group and the rest, of the members nearest to the rest."""
    rest = judged.copy()
    rest[rows] = False
    direction = vectors[rest].mean(axis=0)
    asked = rows[np.argsort(-(vectors[rows] @ direction), kind="stable")[:ASKED]]
    reach = np.minimum(np.minimum(vectors[asked] @ vectors[rest].T, core[asked][:, None]), core[rest])
    return float(np.clip(reach.max(), 0, 1))


def _with_neighbors(graph: Graph, rows: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Return a group with the rows most of whose nearest neighbours are in it: too sparse to be linked."""
    inside = np.zeros(len(graph.rows), dtype=bool)
    inside[rows] = True
    near = graph.rows[:, :NEIGHBORS]
    most = (inside[near] & (near >= 0)).sum(axis=1) * 2 > NEIGHBORS
    return np.flatnonzero(inside | (most & free))


def _languages(context: Context, settings: Cluster) -> list[Foreign]:
    """Return the rows of each language that the check ``language`` flags, where they are a group."""
    result = context.results.get("language")
    ids: dict[str, list[str]] = {}
    for finding in result.findings if result is not None else ():
        if finding.scope == "sample" and finding.kind != MIXED:
            ids.setdefault(finding.kind, []).append(finding.id)
    rows = (np.sort(context.samples.positions(several)) for several in ids.values() if len(several) >= settings.least)
    return [Foreign(Group(part, 0.0), "language") for part in rows]


def _named(context: Context, entry: Foreign) -> Foreign:
    """Return a group with its title and what its rows mostly are."""
    rows = entry.group.rows
    inside = np.zeros(len(context), dtype=bool)
    inside[rows] = True
    mix = [part for part in [_language_of(context, rows), _label_of(context, rows)] if part]
    for cells in context.cells.values():
        counts = np.bincount(cells.codes[rows], minlength=len(cells))
        most = int(counts.argmax())
        share, whole = counts[most] / len(rows), float((cells.codes == most).mean())
        if share >= MOSTLY and whole < share / 2:
            mix.append(f"{percent(share)} {shortened(cells.described[most], NAME_LENGTH)} (of all {percent(whole)})")
    words: list[str] = []
    if context.samples.has_texts:
        rest = np.flatnonzero(~inside & ~context.blank)
        rest = drawn(rest, READ, keys=context.keys, seed=context.seed, purpose="cluster words")
        shown = drawn(rows, READ, keys=context.keys, seed=context.seed, purpose="cluster words")
        words = distinctive_words(*(context.samples.texts.take(pa.array(part)).to_pylist() for part in (shown, rest)))
    return replace(entry, title=", ".join(words), mix=tuple(mix))


def _language_of(context: Context, rows: np.ndarray) -> str:
    if context.detected is None:
        return ""
    top, probability = context.detected.likeliest()
    sure = top[rows][(top[rows] >= 0) & (probability[rows] >= SURE_FROM)]
    if not len(sure):
        return ""
    counts = np.bincount(sure)
    most = int(counts.argmax())
    share = counts[most] / len(rows)
    whole = float((top == most).mean())
    return (
        f"{percent(share)} {language_name(context.detected.names[most])}" if share >= 0.5 and whole < share / 2 else ""
    )


def _label_of(context: Context, rows: np.ndarray) -> str:
    codes = context.codes[rows]
    if not (context.codes >= 0).any():
        return ""
    if (codes < 0).mean() >= MOSTLY > (context.codes < 0).mean():
        return f"{percent((codes < 0).mean())} without a label"
    counts = np.bincount(codes[codes >= 0], minlength=1)
    most = int(counts.argmax())
    if counts[most] < MOSTLY * len(rows):
        return ""
    return f"{percent(counts[most], len(rows))} labeled {shortened(context.classes[most], NAME_LENGTH)}"


def _sentence(entry: Foreign, n: int) -> str:
    rows = len(entry.group.rows)
    words = f" on {entry.title}" if entry.title else ""
    return f"{rows:,} rows ({percent(rows, n)}){words}" + (f", {listed(entry.mix, most=3)}" if entry.mix else "")


def _findings(context: Context, entry: Foreign, score: float) -> list[Finding]:
    rows = entry.group.rows
    ids = context.ids(rows)
    words = f" Words that tell it: {entry.title}." if entry.title else ""
    mix = f" Of it {listed(entry.mix, most=3)}." if entry.mix else ""
    return [
        Finding(
            id=sample_id,
            issue="cluster",
            kind=entry.kind,
            score=score,
            given=context.label(row),
            reason=f"{_what(entry)}{words}{mix}",
            related_ids=[other for other in ids[: NEIGHBORS + 1] if other != sample_id][:NEIGHBORS],
            group_id=f"cluster:{ids[0]}",
            evidence={"rows": len(rows), "joins": round(entry.group.joins, 4), "to_rest": _rounded(entry.to_rest)},
        )
        for row, sample_id in zip(rows.tolist(), ids, strict=True)
    ]


def _what(entry: Foreign) -> str:
    if entry.kind == "language":
        return f"One of {len(entry.group.rows):,} samples in a language that is not the data set's."
    return f"One of {len(entry.group.rows):,} samples that hang together and are apart from all others."


def _table(named: list[Foreign], n: int) -> tuple[FactTable, ...]:
    rows = [
        [entry.title or None, len(entry.group.rows), round(len(entry.group.rows) / n, 4), _rounded(entry.within),
         _rounded(entry.to_rest), listed(entry.mix) or None]
        for entry in named
    ]  # fmt: skip
    columns = ("words", "rows", "share", "similarity within", "to the rest", "mostly")
    return (FactTable("Groups apart from the rest", columns, rows, ("share",)),) if rows else ()


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
