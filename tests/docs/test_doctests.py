"""The examples in docstrings run as they stand there.

Not by ``pytest --doctest-modules``: over the folders it would import a second copy of the package, named core.
"""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import labelsift
import pytest

MODULES = ["labelsift", *(module.name for module in pkgutil.walk_packages(labelsift.__path__, "labelsift."))]


@pytest.mark.slow
@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples_and_one_that_is_wrong_is_noticed():
    assert len(MODULES) > 40
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner(verbose=False)
    examples = [test for name in MODULES for test in finder.find(importlib.import_module(name)) if test.examples]
    assert len(examples) > 20
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert runner.run(wrong, out=lambda _: None).failed == 1
