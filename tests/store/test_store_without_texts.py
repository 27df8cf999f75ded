"""A run that is kept without texts: no text stands in the store, and what needs none works as ever."""

from __future__ import annotations

import json
import random

import labelsift as ls
import lance
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from labelsift.cli import main
from labelsift.corrections.erase import forget
from labelsift.corrections.file_versions import correct
from labelsift.corrections.reproduce import reproduce
from labelsift.corrections.verify import verify
from labelsift.data.hashing import text_hash
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.errors import InputError
from labelsift.metrics.compare import compare
from labelsift.render import comparison_page
from labelsift.review.verified import verified
from labelsift.store.location import Folder, location_of
from labelsift.store.run_info import read_facts
from labelsift.store.store import Store

pytestmark = pytest.mark.slow

N = 60


def rows() -> list[dict[str, str]]:
    """Return samples of which every text holds a word of its own; r9 repeats r8, r5 has another's label."""
    words = "card lost refund money transfer late parcel where order cancel account login password".split()
    rng = random.Random(1)
    made = []
    for row in range(N):
        half = words[:6] if row % 2 else words[6:]
        text = f"{' '.join(rng.sample(half, 4))} zqx{row}vk Quokka\u00fc{row}"
        made.append(
            {"id": f"r{row}", "text": text, "label": ("a", "b")[row % 2], "channel": ("mail", "chat")[row % 3 > 0]}
        )
    made[9] |= {"text": made[8]["text"], "label": "b"}
    made[5]["label"] = "a"
    return made


def read(made: list[dict[str, str]]) -> ls.Samples:
    return ls.read(pa.Table.from_pylist(made), id="id", label="label", metadata=["channel"], name="data")


def scan(made: list[dict[str, str]], store: str) -> ls.Report:
    return ls.scan(read(made), store=store, texts=False)


def files(store: str) -> dict[str, bytes]:
    place = location_of(store)
    if isinstance(place, Folder):
        files = (path for path in place.path.rglob("*") if path.is_file())
        return {path.relative_to(place.path).as_posix(): path.read_bytes() for path in files}
    keys = [entry["path"] for batch in place.client.list(prefix=place.prefix) for entry in batch]
    return {key.removeprefix(f"{place.prefix}/"): bytes(place.client.get(key).bytes()) for key in keys}


def everything(store: str) -> str:
    """Return all bytes and all decoded tables as one text."""
    there = files(store)
    contents = [content.decode("latin-1") for content in there.values()]
    contents += [content.decode("utf-8", "replace") for content in there.values()]
    for table in sorted({name.partition(".lance/")[0] for name in there if ".lance/" in name}):
        data = lance.dataset(location_of(store).lance(f"{table}.lance"))
        for version in data.versions():
            contents.append(str(data.checkout_version(version["version"]).to_table().to_pylist()))
    return "\n".join(contents)


def traces(store: str, made: list[dict[str, str]]) -> list[str]:
    content = everything(store)
    own = {row["id"]: row["text"].split()[-2:] for row in made}
    return [id for id, words in own.items() if any(w in content or json.dumps(w)[1:-1] in content for w in words)]


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def said(id: str, run: str, action: str = "keep", label: str = "a") -> pa.Table:
    row = {"id": id, "action": action, "value": json.dumps(label), "run": run, "person": "ann"}
    return pa.Table.from_pylist([row | {"verdict": "refused", "platform": "xlsx"}], CORRECTIONS_SCHEMA)


def changed(store: str, column: str, row: int, value: str) -> None:
    """Change one cell of the samples that are kept, and nothing else."""
    folder = Store(store).place_of(Store(store).find())
    where = folder.lance("samples.lance")
    table = lance.dataset(where).to_table()
    cells = table[column].to_pylist()
    cells[row] = value
    table = table.set_column(table.column_names.index(column), column, pa.array(cells, pa.string()))
    lance.write_dataset(table, where, mode="overwrite")


def test_no_text_stands_in_the_store(anywhere):
    made = rows()
    report = scan(made, anywhere)
    assert report.findings.num_rows
    assert report.samples.texts.to_pylist() == [row["text"] for row in made]
    assert traces(anywhere, made) == []
    ls.scan(read(made), store=anywhere)  # the search finds texts where there are some
    assert len(traces(anywhere, made)) == N


def test_the_run_knows_it_and_keeps_the_rest(anywhere):
    report = scan(rows(), anywhere)
    again = ls.load(store=anywhere)
    assert again.settings["texts"] is False
    assert again.samples.textless
    assert again.samples.fingerprint == report.samples.fingerprint == read(rows()).fingerprint
    assert again.samples.ids.equals(report.samples.ids)
    assert again.samples.labels.equals(report.samples.labels)
    assert again.samples.metadata.equals(report.samples.metadata)
    assert again.scores.equals(report.scores)
    assert again.findings.equals(report.findings)
    assert again.slices(by=["channel"]).equals(report.slices(by=["channel"]))
    assert verify(store=anywhere).problems == ()


@pytest.mark.parametrize(
    ("column", "value"), [("label", "b"), ("row_hash", "0" * 32), ("text_hash", "0" * 32), ("id", "other")]
)
def test_a_changed_cell_is_caught(tmp_path, column, value):
    store = str(tmp_path / "kept")
    scan(rows(), store)
    assert verify(store=store).problems == ()
    changed(store, column, 0, value)
    (problem,) = verify(store=store).problems
    assert "its samples were changed" in problem


def test_forget_and_verify(anywhere):
    report = scan(rows(), anywhere)
    forgotten = forget(["r8", "r3"], store=anywhere)
    assert forgotten.runs == {report.run: 2}
    assert forgotten.copies == ["r9"]  # the same text, known by its hash
    folder = Store(anywhere).place_of(report.run)
    row_hash = {
        id: hash.hex() for id, hash in zip(report.samples.ids.to_pylist(), report.samples.row_hashes(), strict=True)
    }
    content = everything(anywhere)
    assert row_hash["r3"] not in content
    assert row_hash["r4"] in content
    assert len(read_facts(folder)["tombstone"]["ids"]) == 2
    checked = verify(store=anywhere)
    assert (checked.problems, checked.runs) == ((), 1)
    assert ls.load(store=anywhere).samples.ids.to_pylist() == [f"r{row}" for row in range(N) if row not in (3, 8)]


def test_copies_are_found_between_runs_with_and_without_texts(tmp_path):
    store, made = str(tmp_path / "kept"), rows()
    scan(made, store)
    ls.scan(read([row | {"id": f"s{index}"} for index, row in enumerate(made)]), store=store)
    assert forget(["r20"], store=store, dry_run=True).copies == ["s20"]
    assert forget(["s20"], store=store, dry_run=True).copies == ["r20"]


def test_a_decision_on_it_is_remembered(anywhere, recording):
    first = scan(rows(), anywhere)
    assert {"r8", "r9"} <= set(first.findings["id"].to_pylist())
    ls.record(said("r8", first.run), store=anywhere)
    (record,) = [record for record in Store(anywhere).ledger.records() if record["kind"] == "decision"]
    assert record["text_hash"] == text_hash(rows()[8]["text"])
    assert record["given"] == '"a"'
    assert set(verified(ls.load(store=anywhere).samples, Store(anywhere).ledger.records(), but="")) == {"r8"}

    second = scan(rows(), anywhere)
    second.push("queue", project="p")
    assert "r8" not in recording.asked
    assert "r9" in recording.asked
    made = rows()
    made[8]["text"] += " changed"
    made[9]["text"] = made[8]["text"]
    scan(made, anywhere).push("queue", project="p")
    assert "r8" in recording.asked  # its text changed: people must look again


def test_the_returned_report_is_pushed_and_shown_with_texts(tmp_path, recording):
    made = rows()
    report = scan(made, str(tmp_path / "kept"))
    report.push("queue", project="p")
    pushed = recording.pushed[0].samples
    assert dict(zip(pushed.ids.to_pylist(), pushed.texts.to_pylist(), strict=True)) == {
        row["id"]: row["text"] for row in made
    }
    assert "zqx8vk" in report.to_html(tmp_path / "page.html").read_text()
    report.batch(report.similar("r1", k=3)).push("queue", project="p")
    texts = recording.pushed[1].samples.texts.to_pylist()
    assert len(texts) == 3
    assert all(texts)
    assert traces(str(tmp_path / "kept"), made) == []


def test_a_round_with_probes_is_told(tmp_path, recording):
    model = ls.Signals(pred_probs=[[0.9, 0.1] if row % 2 == 0 else [0.2, 0.8] for row in range(N)], classes=["a", "b"])
    report = ls.scan(read(rows()), signals=model, store=tmp_path / "kept", texts=False, only=["label"], budget=2)
    report.push("queue", project="p", mode="blind", probe=0.5)
    drawn = recording.asked
    assert drawn - set(report.findings["id"].to_pylist())  # probes
    decided = [said(id, report.run, label=rows()[int(id[1:])]["label"]) for id in sorted(drawn)]
    ls.record(pa.concat_tables(decided), store=tmp_path / "kept")
    done = run("probes", "--store", tmp_path / "kept")
    assert done.exit_code == 0, done.output
    assert traces(str(tmp_path / "kept"), rows()) == []


def test_what_needs_texts_is_refused(tmp_path, recording):
    store = str(tmp_path / "kept")
    report = scan(rows(), store)
    again = ls.load(store=store)
    for call in (
        lambda: again.push("queue", project="p"),
        lambda: again.batch(again.similar("r1", k=3)).push("queue", project="p"),
        lambda: reproduce(store=store),
        lambda: again.to_html(tmp_path / "page.html"),
        lambda: again.log("queue", with_text=True),
        lambda: again.similar("r1", fold_duplicates=True),
        lambda: ls.scan(again.samples, store=None),
        lambda: comparison_page.write(compare(again, again), tmp_path / "page.html", with_text=True),
    ):
        with pytest.raises(InputError, match=r"needs the texts, and .+ was kept without texts"):
            call()
    with pytest.raises(InputError, match="cannot be changed"):
        again.samples.apply(said("r1", report.run))
    assert recording.pushed == []
    assert not (tmp_path / "page.html").exists()
    assert "r8" in again.to_html(tmp_path / "page.html", share=True).read_text()


def test_similar_samples_are_found_by_id_and_text(tmp_path):
    report = scan(rows(), str(tmp_path / "kept"))
    again = ls.load(store=tmp_path / "kept")
    similar = again.similar("r1", k=3, details=True)
    assert similar["id"].equals(report.similar("r1", k=3)["id"])
    assert similar["text"].to_pylist() == [""] * 3
    assert not {"row_hash", "text_hash"} & set(similar.column_names)
    assert set(again.similar(rows()[8]["text"], k=2)["id"].to_pylist()) == {"r8", "r9"}


@pytest.mark.parametrize("kept", [(False, False), (False, True), (True, False)])
def test_runs_are_compared_by_hashes_of_texts(tmp_path, kept):
    store, made = str(tmp_path / "kept"), rows()
    first = ls.scan(read(made), store=store, texts=kept[0]).run
    made[2]["text"] += " edited"
    made[4]["label"] = "b"
    made[6]["id"] = "renamed"
    second = ls.scan(read(made), store=store, texts=kept[1]).run
    comparison = compare(ls.load(first, store=store), ls.load(second, store=store))
    assert comparison.edited == ("r2",)
    assert comparison.renamed == (("r6", "renamed"),)
    assert comparison.relabeled["id"].to_pylist() == ["r4"]
    assert (comparison.added, comparison.removed) == ((), ())


def test_corrections_are_applied_to_the_users_file(tmp_path):
    store, file = str(tmp_path / "kept"), tmp_path / "data.csv"
    lines = [",".join((row["id"], row["text"], row["label"])) for row in rows()]
    file.write_text("\n".join(["id,text,label", *lines]) + "\n")
    report = ls.scan(ls.read(file, id="id", label="label"), store=store, texts=False)
    ls.record(said("r5", report.run, "relabel", "b"), store=store)
    version = correct(file, tmp_path / "next.csv", label="label", id="id", store=store)
    assert version.applied == {"relabel": 1}
    assert dict(line.split(",")[::2] for line in (tmp_path / "next.csv").read_text().splitlines())["r5"] == "b"
    following = ls.scan(ls.read(tmp_path / "next.csv", id="id", label="label"), store=store, texts=False)
    assert following.settings["parent"] == report.run
    assert verify(store=store).problems == ()


def test_the_command_line(tmp_path):
    store, file = tmp_path / "kept", tmp_path / "data.csv"
    lines = [",".join((row["id"], row["text"], row["label"])) for row in rows()]
    file.write_text("\n".join(["id,text,label", *lines]) + "\n")
    done = run("scan", file, "--id", "id", "--label", "label", "--store", store, "--no-texts")
    assert done.exit_code == 0, done.output
    assert traces(str(store), rows()) == []
    for words, hint in (
        (("push", "xlsx", tmp_path / "flags.xlsx"), "the report that ls.scan returned"),
        (("reproduce",), "labelsift verify"),
        (("value", "latest", "latest"), "Scan the file again"),
        (("similar", "r1", "--fold-duplicates"), "Leave out --fold-duplicates"),
        (("compare", "latest", "latest", "--html", tmp_path / "c.html", "--with-text"), "Leave out --with-text"),
    ):
        done = run(*words, "--store", store)
        assert done.exit_code == InputError.exit_code, (words, done.output)
        assert "was kept without texts" in done.output
        assert hint in done.output
        assert len(done.output.strip().splitlines()) == 1
    for words in (("runs",), ("runs", "show", "latest"), ("queue",), ("audit",), ("verify",)):
        done = run(*words, "--store", store)
        assert done.exit_code == 0, (words, done.output)
