"""The comparison of two runs, or of several in a row, as one self-contained HTML page."""

from __future__ import annotations

from .build import render as render
from .build import write as write
