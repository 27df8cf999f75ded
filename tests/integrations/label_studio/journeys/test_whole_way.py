"""Projects of sets and of entities, all the way: read, scan, push, decide in Chromium, pull, record, apply, undo."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import labelsift as ls
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.integrations.label_studio.client.client import Client

from ..pages import test_kinds_page as pages

expect = pages.expect
WORDS = {
    "delivery": "parcel courier late arrived doorstep shipped tracking depot driver van",
    "quality": "broken scratched cracked faulty torn damaged stitching defect leaks crooked",
    "refund": "money back charged bank reimbursed credit card amount paid euros",
}
NAMES = ("Ann Lee", "Bob Stone", "Eve Miller", "Max Weber", "Lena Fischer", "Tom Baker", "Ida Holm", "Paul Meyer")
TOWNS = ("Rome", "Paris", "Berlin", "Oslo", "Madrid", "Vienna", "Prague", "Lisbon")
FORMS = (
    "{person} flew to {town} on Monday.",
    "In {town} it rained when {person} arrived.",
    "Yesterday {person} left {town} by train.",
    "We met {person} at the station of {town}.",
    "{person} has lived in {town} for years.",
)
CHOICES = "".join(f'<Choice value="{label}"/>' for label in WORDS)
CHOICES = f'<Choices name="c" toName="body" choice="multiple">{CHOICES}</Choices>'
SETS = f'<View><Text name="body" value="$text"/>{CHOICES}</View>'
TYPES = '<Labels name="c" toName="body"><Label value="PER"/><Label value="LOC"/></Labels>'
ENTITIES = f'<View><Text name="body" value="$text"/>{TYPES}</View>'
WRONG = (20, 46, 71, 97, 123, 149)  # samples whose labels people got wrong


def notes_with_sets() -> list[tuple[str, list[str], list[str]]]:
    """Texts of one or two subjects, with the subjects and what people said of them."""
    rng, made = random.Random(100), []
    for number in range(150):
        right = sorted(rng.sample(sorted(WORDS), rng.choice((1, 1, 2))))
        words = [word for label in right for word in rng.sample(WORDS[label].split(), 5)]
        rng.shuffle(words)
        said = [next(label for label in sorted(WORDS) if label not in right)] if number in WRONG else right
        made.append((f"Note {number}: {' '.join(words)}", right, said))
    return made


def notes_with_entities() -> list[tuple[str, list[Any], list[Any]]]:
    """Texts with a person and a town, where they stand, and what people marked."""
    rng, made = random.Random(100), []
    for number in range(160):
        person, town = rng.choice(NAMES), rng.choice(TOWNS)
        text = f"{FORMS[number % len(FORMS)].format(person=person, town=town)} That is note {number}."
        right = sorted(
            [text.index(words), text.index(words) + len(words), kind]
            for words, kind in ((person, "PER"), (town, "LOC"))
        )
        said = [[start, end, "PER"] for start, end, _ in right] if number in WRONG else right
        made.append((text, right, said))
    return made


def regions(value: list[Any], text: str) -> list[dict[str, Any]]:
    values: list[tuple[str, dict[str, Any]]]
    if value and isinstance(value[0], str):
        values = [("choices", {"choices": value})]
    else:
        values = [
            ("labels", {"start": start, "end": end, "text": text[start:end], "labels": [kind]})
            for start, end, kind in value
        ]
    return [{"from_name": "c", "to_name": "body", "type": type, "value": content} for type, content in values]


class Way:
    """A project of people's own with their annotations, a store, and what is done with both."""

    def __init__(self, client: Client, name: str, store: Any, config: str, notes: list[Any]) -> None:
        self.client, self.name, self.store = client, name, store
        self.number = client.create_project(title=name, description="", label_config=config, model_version="")
        said = [{"data": {"text": text}, "annotations": [{"result": regions(note, text)}]} for text, _, note in notes]
        client.import_tasks(self.number, said)
        tasks = [task for page in client.tasks(self.number) for task in page]
        self.ids = [str(task["id"]) for task in tasks]
        self.right = {id: right for id, (_, right, _) in zip(self.ids, notes, strict=True)}
        self.said = {id: said for id, (*_, said) in zip(self.ids, notes, strict=True)}
        self.texts = {id: text for id, (text, *_) in zip(self.ids, notes, strict=True)}
        self.wrong = {self.ids[number] for number in WRONG}

    def annotations(self) -> dict[int, Any]:
        """Every annotation as the server tells it, but for how long ago it was made."""
        params = {"project": self.number, "page_size": 1000, "fields": "all"}
        page = self.client.get("/api/tasks", what="all", params=params)
        annotations = [annotation for task in page["tasks"] for annotation in task["annotations"]]
        return {row["id"]: {name: value for name, value in row.items() if name != "created_ago"} for row in annotations}

    def labels(self) -> dict[str, Any]:
        """What the project says now, as a data set."""
        samples = ls.read(f"label-studio://{self.name}")
        role = "labels" if "labels" in samples.table.column_names else "spans"
        cells = samples.table[role].to_pylist()
        return {id: json.loads(cell) for id, cell in zip(samples.ids.to_pylist(), cells, strict=True)}

    def pushed(self, issue: str) -> tuple[Any, list[dict[str, Any]]]:
        """Scan what stands there, push into the project and into a review project; return that and the disputes."""
        samples = ls.read(f"label-studio://{self.name}")
        assert (samples.ids.to_pylist(), self.labels()) == (self.ids, self.said)
        report = ls.scan(samples, store=self.store)
        findings = [row for row in report.findings.to_pylist() if row["issue"] == issue and row["id"] in self.wrong]
        worst: dict[str, Any] = {}
        for row in findings:
            worst.setdefault(row["id"], row)
        assert len(worst) >= 3
        before = self.annotations()
        here = report.push("label-studio", project=self.name, match="id", only=[issue])
        assert here.failed == {}
        review = report.push("label-studio", project=self.name, only=[issue])
        assert review.failed == {}
        assert self.annotations() == before
        return review, list(worst.values())

    def run(self, *words: str) -> dict[str, Any]:
        done = CliRunner().invoke(main, [*words, "label-studio", self.name, "--store", str(self.store), "--json"])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)


def shown(page: Any, way: Way) -> str:
    """Return which sample the page shows."""
    number = page.locator(".ls-text").inner_text()
    (sample,) = [id for id, text in way.texts.items() if text in number]
    return sample


def decide(page: Any, way: Way, choices: list[Callable[[Any, str], Any]]) -> dict[str, Any]:
    """Answer one task after the other, each as the next of the choices does; return what was decided."""
    made: dict[str, Any] = {}
    for choose in choices:
        id = shown(page, way)
        made[id] = choose(page, id)
        pages.submit(page)
        if len(made) < len(choices):
            expect(page.locator(".ls-text")).not_to_contain_text(way.texts[id])
    return made


def check_back(way: Way, decided: dict[str, Any], before: dict[int, Any]) -> None:
    """Pull, record, apply: the project says what people decided; take it back, and it says what it did before."""
    pulled = ls.pull("label-studio", project=way.name, store=way.store)
    verdicts = {row["id"]: (row["verdict"], json.loads(row["value"])) for row in pulled.to_pylist()}
    assert verdicts == decided
    ls.record(pulled, store=way.store)
    assert way.annotations() == before
    applied = way.run("apply")
    changed = {id: value for id, (_, value) in decided.items() if value != way.said[id]}
    assert (applied["created"], applied["failed"]) == (len(changed), {})
    after = way.annotations()
    assert {id: fields for id, fields in after.items() if id in before} == before
    assert way.labels() == way.said | changed
    assert way.run("apply")["created"] == 0 and way.annotations() == after
    undone = CliRunner().invoke(main, ["apply", "label-studio", way.name, "--undo", "--store", str(way.store)])
    assert undone.exit_code == 0, undone.output
    assert way.annotations() == before
    assert way.labels() == way.said


def test_a_project_of_sets_goes_the_whole_way(platform, client, name, label_all, tmp_path):
    way = Way(client, name, tmp_path / "s", SETS, notes_with_sets())
    review, disputes = way.pushed("label")
    suggested = {row["id"]: json.loads(row["suggested"]) for row in disputes}

    def ticks(page: Any, labels: list[str], verdict: str) -> tuple[str, list[str]]:
        assert pages.ticked(page) == []
        for label in labels:
            pages.tick(page, label)
        return verdict, sorted(labels)

    def accept(page: Any, id: str) -> tuple[str, list[str]]:
        return ticks(page, suggested[id], "accepted")

    def refuse(page: Any, id: str) -> tuple[str, list[str]]:
        return ticks(page, way.said[id], "refused")

    def change(page: Any, id: str) -> tuple[str, list[str]]:
        return ticks(page, sorted(WORDS), "changed")

    page = label_all(review.links["review"])
    decided = decide(page, way, [accept, change, refuse])

    # One more in the project itself, where the person changes what stands there.
    id = disputes[-1]["id"]
    assert id not in decided
    page.goto(f"{client.url}/projects/{way.number}/data?task={id}")
    expect(page.locator("input:checked[name]")).to_have_count(len(way.said[id]))
    for span in way.said[id]:
        page.locator(f'input[name="{span}"]').uncheck()
    for span in suggested[id]:
        page.locator(f'input[name="{span}"]').check()
    with page.expect_response(lambda answer: answer.request.method == "PATCH" and "/annotations" in answer.url):
        page.get_by_test_id("bottombar-update-button").click()
    decided[id] = ("accepted", suggested[id])
    way.said[id] = suggested[id]
    check_back(way, decided, way.annotations())


def test_a_project_of_entities_goes_the_whole_way(platform, client, name, label_all, tmp_path):
    way = Way(client, name, tmp_path / "s", ENTITIES, notes_with_entities())
    review, disputes = way.pushed("span")
    before = way.annotations()
    suggested = {row["id"]: (json.loads(row["given"]), json.loads(row["suggested"])) for row in disputes}

    def town(id: str) -> tuple[int, int]:
        (town,) = [(start, end) for start, end, kind in way.right[id] if kind == "LOC"]
        return town

    def person(id: str) -> list[Any]:
        return [span for span in way.said[id] if (span[0], span[1]) != town(id)]

    def marks(page: Any, id: str, place: tuple[int, int], kind: str, verdict: str) -> tuple[str, list[Any]]:
        assert pages.marked(page) == []
        words = way.texts[id][slice(*place)]
        pages.mark(page, words, kind)
        assert pages.marked(page) == [words]
        return verdict, sorted([*person(id), [*place, kind]])

    def accept(page: Any, id: str) -> tuple[str, list[Any]]:
        assert suggested[id] == ([*town(id), "PER"], [*town(id), "LOC"])
        return marks(page, id, town(id), "LOC", "accepted")

    def refuse(page: Any, id: str) -> tuple[str, list[Any]]:
        return marks(page, id, town(id), "PER", "refused")

    def change(page: Any, id: str) -> tuple[str, list[Any]]:
        start, end = town(id)
        space = way.texts[id].index(" ", end)
        next_end = way.texts[id].find(" ", space + 1)
        return marks(page, id, (start, len(way.texts[id]) if next_end < 0 else next_end), "LOC", "changed")

    decided = decide(label_all(review.links["review"]), way, [accept, refuse, change])
    check_back(way, decided, before)
