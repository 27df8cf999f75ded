"""The settings file: what commands take from it, what wins over it, and what is refused by name."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from labelsift import platforms
from labelsift.checks import Result as Found
from labelsift.checks import registry
from labelsift.cli import COMMANDS, main
from labelsift.cli.settings import Defaults, Settings, nearest
from labelsift.data import issues
from labelsift.errors import InputError
from labelsift.platforms import Health, LabelingPlatform, PushRequest, Receipt
from labelsift.report import load

SECRET = "hunter2-hunter2"
TOML = """
text = "body"
label = "intent"
id = "key"
meta = ["channel", "country, city"]
delimiter = ";"
store = "kept"
[label-studio]
project = "Tickets"
url = "http://labels.example:8080"
[mlflow]
uri = "http://mlflow.example:5000"
[xlsx]
file = "review.xlsx"
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder with settings, a data file, and a folder below in which the commands run."""
    monkeypatch.setattr(os, "environ", {name: text for name, text in os.environ.items() if "URL" not in name})
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "labelsift.toml").write_text(TOML, encoding="utf-8")
    lines = [f"k{n};my card {n} was stolen in town;{'card' if n % 2 else 'loan'};mail;Rome" for n in range(20)]
    (tmp_path / "tickets.csv").write_text("\n".join(['key;body;intent;channel;"country, city"', *lines]))
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    return tmp_path


def held(result: Result) -> dict[str, tuple[object, str]]:
    assert result.exit_code == 0, result.output
    return {key: (entry["value"], entry["from"]) for key, entry in json.loads(result.stdout).items()}


def test_a_scan_reads_as_the_file_says_and_keeps_the_run_beside_it(folder):
    result = run("scan", "../tickets.csv", "--only", "exact_duplicate", "--json")
    assert result.exit_code == 0, result.output
    assert (folder / "kept").is_dir() and not (folder / "below" / ".labelsift").exists()
    report = __import__("labelsift").load(store=folder / "kept")
    assert report.samples.ids[3].as_py() == "k3" and report.samples.classes == ("card", "loan")
    assert report.samples.metadata.column_names == ["channel", "country, city"]
    assert len(json.loads(run("runs", "--json").stdout)) == len(json.loads(run("runs", "list", "--json").stdout)) == 1
    assert run("--no-settings", "runs").exit_code == 2  # there is no store in this folder


@pytest.mark.slow
def test_the_command_line_wins_and_replaces_all_that_is_said_of_labels(folder):
    quick = ("scan", "../tickets.csv", "--no-store", "--only", "empty", "--json")
    result = run(*quick, "--labels", "intent", "--labels-separator", "|")
    assert result.exit_code == 0, result.output  # beside --label it would be refused
    assert json.loads(run(*quick, "--label", "channel").stdout)["classes"] == 1
    assert run(*quick, "--id", "channel").exit_code == 2  # which repeats
    assert run(*quick, "--delimiter", ",").exit_code == 2


def test_config_says_where_each_setting_comes_from(folder, monkeypatch):
    monkeypatch.setitem(os.environ, "MLFLOW_TRACKING_URI", f"http://me:{SECRET}@mlflow.example")
    result = run("config", "--json")
    settings, file = held(result), str(folder / "labelsift.toml")
    assert settings["label"] == ("intent", file)
    assert settings["store"] == (str(Path("..") / "kept"), file)
    assert settings["encoding"] == ("utf-8", "default")
    assert settings["label-studio.url"] == ("http://labels.example:8080", file)
    assert settings["mlflow.uri"][1] == "$MLFLOW_TRACKING_URI"
    table = run("config")
    assert "intent" in table.stdout and "$MLFLOW_TRACKING_URI" in table.stdout
    assert SECRET not in result.output + table.output


def test_variables_of_the_environment_win_over_the_file(folder, monkeypatch):
    monkeypatch.setitem(os.environ, "LABEL_STUDIO_URL", "http://mine.example")
    assert run("config").exit_code == 0
    assert os.environ["LABEL_STUDIO_URL"] == "http://mine.example"
    assert os.environ["MLFLOW_TRACKING_URI"] == "http://mlflow.example:5000"
    monkeypatch.setitem(os.environ, "MLFLOW_TRACKING_URI", "")
    monkeypatch.setitem(os.environ, "MLFLOW_TRACKING_URI_FILE", "address.txt")
    assert run("config").exit_code == 0
    assert os.environ["MLFLOW_TRACKING_URI"] == ""


class Labeler(LabelingPlatform):
    """A labeling platform that notes which project it was asked about."""

    name = "label-studio"
    settings = {"project": "", "url": "LABEL_STUDIO_URL"}  # noqa: RUF012
    capabilities = frozenset({"classification", "text", "examine"})
    asked: str | None = None

    def push(self, queue: object, request: PushRequest) -> Receipt:
        """Keep the target."""
        self.asked = request.project
        return Receipt(self.name, request.project)

    def examine(self, *, project: str | None = None) -> Health:
        """Keep the target."""
        self.asked = project
        return Health({})


def test_platforms_have_their_targets(folder, monkeypatch):
    (folder / "labelsift.toml").write_text(TOML.split("url =")[0])
    assert run("scan", "../tickets.csv", "--only", "exact_duplicate").exit_code == 0
    platform = Labeler()
    monkeypatch.setattr(platforms, "get", lambda _: platform)
    assert run("push", "label-studio").exit_code == 0 and platform.asked == "Tickets"
    assert run("push", "label-studio", "Others").exit_code == 0 and platform.asked == "Others"
    assert run("doctor", "label-studio").exit_code == 0 and platform.asked == "Tickets"
    platform.capabilities = frozenset()
    assert run("doctor", "label-studio").exit_code == 0 and platform.asked is None
    assert run("push", "xlsx").exit_code == 2  # of which the file says nothing


@pytest.mark.slow
def test_what_names_its_labels_itself_or_has_none_takes_nothing_of_them(folder, monkeypatch):
    (folder / "pool.csv").write_text("key;body\n1;my card was stolen\n2;a loan for a house\n")
    assert run("scan", "../tickets.csv", "--only", "outlier").exit_code == 0
    result = run("index", "../pool.csv")
    assert result.exit_code == 0, result.output  # by key and body, though it has no labels and further columns
    asked: dict[str, object] = {}

    class Readable(Labeler):
        capabilities = frozenset({"read"})

        def read(self, project, **columns):
            asked.update(columns)
            raise InputError("seen")

    known = platforms.get
    monkeypatch.setattr(platforms, "get", lambda name: Readable() if name == "label-studio" else known(name))
    assert "seen" in run("scan", "label-studio://Tickets").stderr
    assert asked["id"] == "key" and asked["metadata"] == ["channel", "country, city"]


def test_every_command_takes_its_defaults_from_the_file():
    takes = {field for field in Settings.__dataclass_fields__}
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        for item in (command, *getattr(command, "commands", {}).values()):
            assert isinstance(item.context_settings["default_map"], Defaults), name
        options = {option.name for option in command.params}
        assert "store" not in options or options & takes


def test_pyproject_counts_where_it_has_a_table_and_the_nearest_file_holds(folder):
    project = folder / "below" / "pyproject.toml"
    project.write_text("[project]\nname = 'x'\n")
    assert nearest(folder / "below").path == folder / "labelsift.toml"
    project.write_text("[tool.labelsift]\nlabel = 'topic'\n")
    assert nearest(folder / "below").values == {"label": "topic"}
    (folder / "below" / "labelsift.toml").write_text("")
    assert not nearest(folder / "below").values


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('lable = "x"', ("lable", "nearest is label")),
        ("label = 3", ("label in", "a text")),
        ("quotes = 'no'", ("quotes in", "true or false")),
        ("meta = [1]", ("meta in", "list of texts")),
        ("label = ['a']", ("label in", "a text")),
        ('[mlflw]\nuri = "x"', ("mlflw", "nearest is mlflow")),
        ('[mlflow]\nurl = "x"', ("url", "nearest is uri")),
        ("mlflow = 3", ("mlflow in", "a table")),
        ("[mlflow]\nuri = 3", ("uri of [mlflow]", "a text")),
        (f'api_key = "{SECRET}"', ("api_key", "own variables")),
        (f'[label-studio]\napi-key = "{SECRET}"', ("api-key", "own variables")),
        (f'[mlflow]\nuri = "https://me:{SECRET}@mlflow.example"', ("holds a password", "own variables")),
        (f'[mlflow]\nuri = "https://mlflow.example/?token={SECRET}"', ("holds a password", "own variables")),
        ("label =", ("labelsift.toml cannot be read", "--no-settings")),
    ],
)
def test_what_is_wrong_is_refused_by_name_with_the_cure(tmp_path, monkeypatch, content, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "labelsift.toml").write_text(content)
    for command in ("config", "runs"):
        result = run(command)
        assert result.exit_code == 2
        assert all(part in result.stderr for part in says), result.stderr
        assert SECRET not in result.output
    assert run("--no-settings", "config").exit_code == 0


def test_a_file_of_somebody_else_above_is_not_followed(folder, monkeypatch):
    file, own = folder / "labelsift.toml", os.getuid()
    if own == 0:
        os.chown(file, 4242, -1)
    else:
        monkeypatch.setattr(os, "getuid", lambda: own + 1)
    result = run("config")
    assert result.exit_code == 2 and "somebody else's" in result.stderr


def test_paths_start_from_the_folder_of_the_file_and_addresses_stay(folder):
    assert nearest(folder).values["store"] == "kept"
    (folder / "labelsift.toml").write_text('store = "s3://bucket/prefix"\n[xlsx]\nfile = "/tmp/review.xlsx"')
    found = nearest(folder / "below")
    assert found.values["store"] == "s3://bucket/prefix"
    assert found.tables["xlsx"]["file"] == "/tmp/review.xlsx"


@pytest.mark.slow
def test_settings_of_checks_reach_the_scan_with_paths_from_the_files_folder(folder, own_check):
    with (folder / "labelsift.toml").open("a") as file:
        file.write('[checks.own]\nshare = 0.25\nexpected = { state = "census.csv" }\n')
    result = run("scan", "../tickets.csv", "--only", "own", "--json")
    assert result.exit_code == 0, result.output
    verdict = json.loads(result.stdout)["facts"]["checks"]["own"]["verdict"]
    assert verdict == f"0.25 {folder / 'census.csv'}"
    assert "The data set as a whole" in run("scan", "../tickets.csv", "--only", "own").output
    assert held(run("config", "--json"))["checks.own.share"] == (0.25, str(folder / "labelsift.toml"))
    assert "share = 0.5" in run("checks").output
    assert {"check": "own", "settings": {"share": 0.5, "expected": {}}}.items() <= next(
        row for row in json.loads(run("checks", "--json").stdout) if row["check"] == "own"
    ).items()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("[checks.own]\nshares = 1", "no setting of the check own called shares. The nearest is share"),
        ("[checks]\nown = 1", "checks.own in"),
        ("[checks.owm]\nshare = 1", "no check owm"),
    ],
)
def test_settings_of_checks_that_do_not_fit_are_refused(folder, own_check, lines, said):
    with (folder / "labelsift.toml").open("a") as file:
        file.write(lines)
    result = run("scan", "../tickets.csv", "--only", "own", "--no-store")
    assert result.exit_code == 2
    assert said in result.output


@dataclass(frozen=True)
class OwnSettings:
    share: float = 0.5
    expected: dict[str, str] = field(default_factory=dict, metadata={"path": True})


@pytest.fixture
def own_check(monkeypatch):
    """A check with settings, as another package would register it."""
    monkeypatch.setattr(registry, "_CHECKS", list(registry._CHECKS))
    monkeypatch.setattr(issues, "_CATALOGUE", dict(issues._CATALOGUE))

    def own(context):
        settings = context.settings(OwnSettings)
        return Found.of_data_set([], verdict=f"{settings.share} {settings.expected.get('state')}")

    registry.check("own", settings=OwnSettings, title="Own", one="own", many="own", meaning="A test's.")(own)


def test_named_slices_are_read_kept_by_a_scan_and_shown(folder):
    (folder / "labelsift.toml").write_text(
        TOML + "[slices]\ncards = \"label = 'card'\"\nlike_these = {like = ['k1'], nearest = 2}\n"
    )
    shown = held(run("config", "--json"))
    assert shown["slices.cards"] == ("label = 'card'", str(folder / "labelsift.toml"))
    assert run("scan", "../tickets.csv", "--only", "outlier").exit_code == 0
    settings = load(store="../kept").settings
    assert settings["slices"] == {"cards": "label = 'card'", "like_these": {"like": ["k1"], "nearest": 2}}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("slices = 3", "slices in"),
        ("[slices]\na = 3", "This is no slice: a"),
        ("[slices]\na = {like = []}", "needs ids to be like"),
    ],
)
def test_slices_that_are_none_are_refused_by_name(folder, table, words):
    (folder / "labelsift.toml").write_text(table)
    refused = run("runs")
    assert refused.exit_code == InputError.exit_code
    assert words in refused.output
    assert "--no-settings" in refused.output or words == "slices in"


def test_a_condition_that_does_not_fit_is_refused_before_the_scan(folder):
    (folder / "labelsift.toml").write_text(TOML + "[slices]\nca = \"sate = 'CA'\"\n")
    refused = run("scan", "../tickets.csv")
    assert refused.exit_code == InputError.exit_code
    assert "Slice ca: " in refused.output
    assert not (folder / "kept" / "runs").exists() or not list((folder / "kept" / "runs").iterdir())
