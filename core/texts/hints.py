"""Hints without which a text holds no personal data or no secret: patterns that Arrow's RE2 reads, too.

Arrow looks through a column with one of them at some 100 MB a second, so that a detector in Python sees few rows.
"""

from __future__ import annotations

from .names import CUE_PATTERN as NAME_CUE
from .secret_assignments import CUE_PATTERN as SECRET_CUE
from .secret_patterns import LONG_WORD_PATTERN

_DIGIT = "[0-9０-９٠-٩۰-۹०-९০-৯๐-๙]"
PERSONAL_DATA = rf"{_DIGIT}|[@＠]|{NAME_CUE}"
SECRETS = rf"{SECRET_CUE}|{LONG_WORD_PATTERN}|://|：//|[！-～]"
# What is unmistakable in an id: ids are mostly numbers and hashes, which none of these is.
IDS = (
    r"[@＠]|[+＋] ?[0-9(]|[0-9]{4}[ -][0-9]{4,6}[ -][0-9]{4,5}"
    r"|[A-Za-z]{2}[0-9]{2}[ .-]?[A-Za-z0-9]{4}[ .-]?[A-Za-z0-9]{4}"
    r"|A[KS]IA|gh[opsur]_|github_pat_|gl[a-z]{2,5}-|GR1348941|AIza|GOCSPX-|ya29|xox[a-z]-|xapp-|hooks.slack|[sr]k_"
    r"|whsec_"
    r"|AC[a-f0-9]{32}|SK[a-f0-9]{32}|SG[.]|npm_|pypi-|sk-|hf_|api_org_|eyJ|PRIVATE KEY"
)
