"""Comparison page: two runs, or several in a row, as one self-contained HTML file."""

from __future__ import annotations

from .build import render as render
from .build import write as write
