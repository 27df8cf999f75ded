"""What tests of several parts share."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import settings
from labelsift.data.samples import Samples
from labelsift.data.schemas import Finding, findings_table
from labelsift.report import Report

# A busy machine is no failure, and a failure comes again: the draws of a test follow from its name.
settings.register_profile("repeatable", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("repeatable")
if os.environ.get("LABELSIFT_CI") == "1":  # a package that is missing there is a failure, no reason to skip

    def importorskip(modname: str, *_: object, **__: object) -> object:
        """Import a module, or fail."""
        return importlib.import_module(modname)

    pytest.importorskip = importorskip  # type: ignore[assignment]

# In every text of a built report: where these bytes turn up, text has left the house.
PLANTED = 'Zwölfkämpfer "Quokka" <b>Ω</b> \\ 4711'
CHROMIUM = "/usr/bin/chromium"
HOSTILE_VALUES = ("a//b", "..", "=(),&>", "x" * 300, "💥 emoji", "", "plain")

pytest_plugins = ["recording_platform", "workers"]  # tests/helpers
pytest.register_assert_rewrite("labelsift.integrations.conformance")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Write golden files anew instead of comparing with them."""
    parser.addoption("--golden-write", action="store_true", help="write golden files anew; look at the difference")


def build_report(rows: int = 200, *, predicted: bool = False, run: str = "20261123-101500-4f2a") -> Report:
    """Build a report by hand: four classes, every tenth label wrong, metadata that bites."""
    rng = np.random.default_rng(7)
    classes = ("card_lost", "card_arrival", "refund", "top|up <b>")
    truth = rng.integers(0, 4, rows)
    wrong = np.arange(rows) % 10 == 3
    given = np.where(wrong, (truth + 1) % 4, truth)
    probs = np.full((rows, 4), 0.05, dtype=np.float32)
    probs[np.arange(rows), truth] = 0.85
    off = np.arange(rows) % 17 == 5
    probs[off] = np.roll(probs[off], 1, axis=1)
    probs[0] = np.nan
    names = np.array(classes)
    labels = [None if index % 25 == 9 else str(names[code]) for index, code in enumerate(given)]
    columns = {
        "id": [f"t{row}" for row in range(rows)],
        "text": [f"{PLANTED} number {row}" for row in range(rows)],
        "label": labels,
        "split": ["train" if row % 4 else "test" for row in range(rows)],
    }
    if predicted:
        columns["predicted"] = [None if index % 13 == 0 else str(names[code]) for index, code in enumerate(truth)]
    metadata = {
        "state": ["CA" if wrong[row] and row % 20 == 3 else ("NY", "TX", None)[row % 3] for row in range(rows)],
        "gender": [("f", "m")[row % 2] for row in range(rows)],
        "hostile": [HOSTILE_VALUES[row % len(HOSTILE_VALUES)] for row in range(rows)],
        "age": [float(18 + row % 60) for row in range(rows)],
        "copy": columns["text"],
        "ticket": [f"T-{row}" for row in range(rows)],
        "country": ["US"] * rows,
    }
    labeled = np.array([label is not None for label in labels])
    flagged = wrong & labeled
    score = np.where(flagged, 0.05, 0.9).astype(np.float32) + (np.arange(rows) % 7).astype(np.float32) / 100
    empty = np.arange(rows) % 50 == 7
    scores = pa.table(
        {
            "id": columns["id"],
            "label_score": pa.array(np.where(labeled, score, np.nan), pa.float32(), from_pandas=True),
            "is_label_issue": pa.array([bool(flagged[row]) if labeled[row] else None for row in range(rows)]),
            "empty_score": pa.array(np.where(empty, 0.0, 1.0), pa.float32()),
            "is_empty_issue": pa.array(empty),
            "suggested_label": pa.array([str(names[code]) for code in truth]),
            "confidence": pa.array(np.full(rows, 0.85), pa.float32()),
        }
    )
    findings = [
        Finding(
            f"t{row}",
            "label",
            float(score[row]),
            f"Labeled {labels[row]}, and the text says otherwise",
            given=labels[row],
            suggested=str(names[truth[row]]),
            confidence=0.85,
        )
        for row in np.flatnonzero(flagged)
    ]
    # A check of somebody else's that quotes the text where only labels and reasons belong.
    findings += [
        Finding(f"t{row}", "empty", 0.0, f"Says {PLANTED}", given=PLANTED, suggested=PLANTED)
        for row in np.flatnonzero(empty)
    ]
    return Report(
        run=run,
        created=datetime(2026, 11, 23, 10, 15, tzinfo=UTC),
        samples=Samples(pa.table(columns), pa.table(metadata), "tickets"),
        scores=scores,
        findings=findings_table(findings),
        classes=classes,
        settings={"embedder": "wordllama"},
        notes=("Every tenth label is wrong on purpose.",),
        pred_probs=probs,
        sample_links={"t3": "http://127.0.0.1:8080/projects/1/data?task=4"},
    )


@pytest.fixture(scope="session")
def make_report() -> Callable[..., Report]:
    """The builder of reports, for tests that need no scan."""
    return build_report


def without_scores(report: Report, rows: np.ndarray) -> Report:
    """Return the report as if the labels of some rows (bool, shape (n,)) could not be judged."""
    scores = report.scores
    kept = pa.array(np.where(rows, np.nan, scores["label_score"].to_numpy()), pa.float32(), from_pandas=True)
    scores = scores.set_column(scores.column_names.index("label_score"), "label_score", kept)
    flags = np.array([bool(flag) for flag in scores["is_label_issue"].to_pylist()]) & ~rows
    scores = scores.set_column(scores.column_names.index("is_label_issue"), "is_label_issue", pa.array(flags))
    gone = set(report.samples.ids.filter(pa.array(rows)).to_pylist())
    findings = [row for row in report.findings.to_pylist() if row["issue"] != "label" or row["id"] not in gone]
    return replace(report, scores=scores, findings=pa.Table.from_pylist(findings, schema=report.findings.schema))


@pytest.fixture(scope="session")
def unjudged() -> Callable[[Report, np.ndarray], Report]:
    """Takes the label scores of some rows away."""
    return without_scores


@pytest.fixture(scope="session")
def planted() -> str:
    """What stands in every text of a built report."""
    return PLANTED


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """Chromium, one for the whole session: Playwright's loop cannot be started twice."""
    if not Path(CHROMIUM).exists():
        hint = "Chromium is missing: apt-get install chromium"
        (pytest.fail if os.environ.get("LABELSIFT_CI") == "1" else pytest.skip)(hint)
    playwright = pytest.importorskip("playwright.sync_api")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Start a server that speaks S3 on a free port of this machine, and return its address."""
    moto = pytest.importorskip("moto.server")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the address of an empty bucket, with the environment that reaches it."""
    import secrets
    from urllib.request import Request, urlopen

    for name, value in {
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "key-of-a-test",
        "AWS_SECRET_ACCESS_KEY": "planted-secret-4711",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    name = f"test-{secrets.token_hex(6)}"
    with urlopen(Request(f"{s3_server}/{name}", method="PUT")):
        return f"s3://{name}"


@pytest.fixture(params=["folder", pytest.param("bucket", marks=pytest.mark.server)])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return where a store can lie: a folder, then a bucket."""
    return str(tmp_path / "kept") if request.param == "folder" else f"{request.getfixturevalue('bucket')}/some/prefix"
