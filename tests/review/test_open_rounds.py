"""What an earlier round still asks is not asked again, and who saw the suggestions is not asked blind."""

from __future__ import annotations

from dataclasses import replace

import pytest
from labelsift.data.adjudication import resolve
from labelsift.errors import InputError
from labelsift.platforms import PushRequest, Receipt
from labelsift.report import report_of
from recording_platform import RUN, RecordingPlatform, corrections, decision, record_decisions

LATER = "20261124-101500-4f2a"


class Linking(RecordingPlatform):
    """Keeps addresses of tasks, as servers do."""

    def push(self, queue, request: PushRequest) -> Receipt:
        """Keep the queue, and name an address for each of its samples."""
        receipt = super().push(queue, request)
        receipt.sample_links = {item.id: f"http://127.0.0.1/{item.id}" for item in queue.items}
        return receipt


@pytest.fixture
def platform(find_platform):
    made = Linking("rounds")
    find_platform(made)
    return made


@pytest.fixture
def rescanned(scored):
    """Make the next run of the same data, as its scan would save it."""

    def make(run=LATER, **changes):
        scored.store.save(replace(scored, run=run, sample_links={}, **changes))
        return report_of(scored.store.load(run))

    return make


def test_the_next_round_leaves_out_what_is_open_and_says_so(platform, scored, rescanned):
    scored.push("queue", project="P")
    first = platform.asked
    answered = sorted(first)[:3]
    record_decisions(scored.store, [decision(id, "refund", verdict="changed") for id in answered])
    later = rescanned()
    receipt = later.push("queue", project="P")
    # Those that were decided on are verified: their label is another one than the decided, so they come back.
    assert not platform.asked & (first - set(answered))
    assert receipt.details["open_in_earlier_rounds"].startswith(f"{len(first) - 3} samples wait")
    assert RUN in receipt.details["open_in_earlier_rounds"]
    asked = later.push("queue", project="P", anyway=True)
    assert first - set(answered) <= platform.asked
    assert "open_in_earlier_rounds" not in asked.details


def test_elsewhere_and_under_another_label_it_is_asked(platform, scored, rescanned):
    scored.push("queue", project="P")
    first = platform.asked
    rescanned().push("queue", project="Q")
    assert platform.asked == first
    other = scored.scores.set_column(3, "suggested_label", [["top_up"] * scored.scores.num_rows])
    rescanned("20261125-101500-4f2a", scores=other).push("queue", project="P")
    assert platform.asked == first


def test_a_likelier_label_that_nobody_is_shown_makes_no_new_question(platform, scored, rescanned):
    place, rows = scored.findings.schema.get_field_index("suggested"), scored.findings.num_rows
    bare = scored.findings.set_column(place, "suggested", [["null"] * rows])  # as the findings of duplicates are kept
    rescanned("20261123-111500-4f2a", findings=bare).push("queue", project="P")
    assert platform.asked
    other = scored.scores.set_column(3, "suggested_label", [["top_up"] * scored.scores.num_rows])
    rescanned(findings=bare, scores=other).push("queue", project="P")
    assert not platform.asked


def test_the_same_run_again_is_no_earlier_round(platform, scored):
    scored.push("queue", project="P")
    first = platform.asked
    receipt = scored.push("queue", project="P")
    assert platform.asked == first
    assert "open_in_earlier_rounds" not in receipt.details


@pytest.mark.parametrize("options", [{}, {"probe": 0.1}])
def test_who_may_have_seen_the_suggestions_is_not_asked_blind(platform, scored, options):
    scored.push("queue", project="P", mode="choose")
    with pytest.raises(
        InputError, match=r"pushed with its suggestions to queue P.*would not judge blind: t"
    ) as refused:
        scored.push("queue", project="Blind", mode="blind", **options)
    assert "Scan again" in refused.value.hint
    assert set(refused.value.ids) == platform.asked
    assert len(platform.pushed) == 1
    scored.push("queue", project="Blind", mode="blind", anyway=True, **options)
    scored.push("queue", project="Blind", mode="blind", **options)  # the round that stands goes on
    assert len(platform.pushed) == 3


def test_what_is_asked_blind_elsewhere_is_named_where_it_is_left_out(platform, scored):
    scored.push("queue", project="Blind", mode="blind", probe=0.1)
    blind = platform.asked
    receipt = scored.push("queue", project="P")
    assert not platform.asked & blind
    left_out = receipt.details["asked_blind_elsewhere"]
    assert any(id in left_out for id in blind)
    assert int(left_out.split()[0].replace(",", "")) == len({row["id"] for row in _findings(scored)} & blind)


def _findings(report):
    return [row for row in report.findings.to_pylist() if row["scope"] == "sample"]


def test_an_unclear_sample_is_undecided_and_counted():
    rows = [
        decision("a", None, action="unclear", verdict="unclear"),
        decision("b", "refund"),
        decision("b", None, action="unclear", verdict="unclear", person="bob"),
        decision("c", None, action="keep", verdict="skipped"),
    ]
    resolution = resolve(corrections(*rows))
    assert set(resolution.decided) == {"b"}
    assert resolution.unclear == {"a"}
    assert resolution.counts == {"relabel": 1, "unclear": 1}
