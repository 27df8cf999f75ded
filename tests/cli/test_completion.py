"""Shell completion: what a shell is offered for platforms, runs and columns, asked for as bash asks."""

from __future__ import annotations

import pytest
from click.shell_completion import BashComplete
from labelsift.cli import main
from labelsift.store.store import Store


@pytest.fixture
def folder(tmp_path, monkeypatch, make_report):
    Store(tmp_path / ".labelsift").save(make_report())
    (tmp_path / "tickets.csv").write_text("key;body;intent\n1;a text;card\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "incomplete", "offered"),
    [
        (["push"], "", ["argilla", "embedding-atlas", "label-studio", "mlflow", "wandb", "xlsx"]),
        (["log"], "ml", ["mlflow"]),
        (["runs", "show"], "2026", ["20261123-101500-4f2a"]),
        (["push", "xlsx", "a.xlsx", "--run"], "la", ["latest"]),
        (["scan", "tickets.csv", "--label"], "", ["key", "body", "intent"]),
        (["scan", "tickets.csv", "--meta"], "key,in", ["key,intent"]),
        (["scan", "none.csv", "--label"], "", []),
        (["scan", "--label"], "", []),
        (["apply", "xlsx", "a.xlsx", "--policy"], "maj", ["majority"]),
    ],
)
def test_what_is_offered(folder, words, incomplete, offered):
    found = BashComplete(main, {}, "labelsift", "_LABELSIFT_COMPLETE").get_completions(words, incomplete)
    assert [item.value for item in found] == offered


def test_a_broken_settings_file_offers_nothing_and_says_nothing(folder, capsys):
    (folder / "labelsift.toml").write_text("label =")
    assert BashComplete(main, {}, "labelsift", "_LABELSIFT_COMPLETE").get_completions(["runs", "show"], "") == []
    assert capsys.readouterr() == ("", "")
