"""Keys and tokens of services by the prefix or form that the service gives them, and private key blocks.

The forms are those that the services document for secret scanners (GitHub's secret scanning patterns, 2025). A text
without a long word costs one search, and every repetition is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .matches import Match
from .placeholders import is_placeholder

_URL = r"[A-Za-z0-9_-]"
SERVICES = (  # kind and form
    ("aws_key", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}"),
    ("github_token", r"(?:gh[opsur]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})"),
    ("gitlab_token", rf"(?:gl(?:pat|rt|dt|cbt|ptt|ft|imt|agent|oas|soat|ffct)-{_URL}{{20,64}}|GR1348941{_URL}{{20}})"),
    ("google_key", rf"(?:AIza{_URL}{{35}}|GOCSPX-{_URL}{{28}}|ya29\.{_URL}{{30,400}})"),
    ("slack_token", r"(?:xox[abeprs]-[A-Za-z0-9-]{20,250}|xapp-\d-[A-Z0-9]{8,12}-\d{8,14}-[a-f0-9]{32,128})"),
    (
        "slack_token",
        r"https://hooks\.slack\.com/(?:services|workflows)/[A-Z0-9]{8,12}/[A-Z0-9]{8,12}/[A-Za-z0-9]{18,32}",
    ),
    ("stripe_key", r"(?:(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,247}|whsec_[A-Za-z0-9+/=]{24,64})"),
    ("twilio_key", r"(?:AC|SK)[a-f0-9]{32}"),
    ("sendgrid_key", rf"SG\.{_URL}{{22}}\.{_URL}{{43}}"),
    ("npm_token", r"npm_[A-Za-z0-9]{36}"),
    ("pypi_token", rf"pypi-Ag{_URL}{{50,400}}"),
    ("anthropic_key", rf"sk-ant-(?:api|admin|oat|sid)\d\d-{_URL}{{60,130}}"),
    (
        "openai_key",
        rf"sk-(?:(?:proj|svcacct|admin|None)-{_URL}{{40,200}}|[A-Za-z0-9]{{20}}T3BlbkFJ[A-Za-z0-9]{{20}}"
        rf"|[A-Za-z0-9]{{40,64}})",
    ),
    ("huggingface_token", r"(?:hf|api_org)_[A-Za-z]{34}|(?:hf|api_org)_[A-Za-z0-9]{34}"),
    ("azure_key", r"(?<=AccountKey=)[A-Za-z0-9+/]{86}==|(?<=SharedAccessKey=)[A-Za-z0-9+/]{43}="),
    ("azure_key", r"[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}|(?<=sig=)[A-Za-z0-9%/+]{40,90}%3[Dd]"),
    ("azure_key", r"[A-Za-z0-9+/]{86}=="),
    ("jwt", rf"eyJ{_URL}{{8,4000}}\.eyJ{_URL}{{8,12000}}\.{_URL}{{20,1000}}"),
    ("api_key", r"\d{8,10}:AA[A-Za-z0-9_-]{33}"),  # Telegram
    ("api_key", rf"[MNO][A-Za-z\d]{{23,27}}\.{_URL}{{6}}\.{_URL}{{27,40}}"),  # Discord
    ("api_key", r"(?:r8_[A-Za-z0-9]{37}|gsk_[A-Za-z0-9]{52}|dop_v1_[a-f0-9]{64}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32})"),
    (
        "api_key",
        rf"(?:sq0(?:atp|csp|idp)-{_URL}{{22,43}}|lin_api_[A-Za-z0-9]{{40}}|secret_[A-Za-z0-9]{{43}}"
        rf"|NRAK-[A-Z0-9]{{27}})",
    ),
    (
        "api_key",
        r"(?:PMAK-[a-f0-9]{24}-[a-f0-9]{34}|pat[A-Za-z0-9]{14}\.[a-f0-9]{64}|key-[a-f0-9]{32}|[a-f0-9]{32}-us\d\d?)",
    ),
)
_PATTERNS = tuple((kind, re.compile(rf"(?<![A-Za-z0-9_.-])(?:{form})(?![A-Za-z0-9_])")) for kind, form in SERVICES)
_KEY_NAME = r"(?:[A-Z]{2,10} )?(?:ENCRYPTED )?PRIVATE KEY(?: BLOCK)?-----"
_KEY_BLOCK = re.compile(
    rf"-----BEGIN {_KEY_NAME}(?:[A-Za-z0-9+/=\s\\,:.()-](?!----BEGIN)){{0,20000}}?-----END {_KEY_NAME}"
)
_CUT_KEY_BLOCK = re.compile(rf"-----BEGIN {_KEY_NAME}(?:[\s\\n]{{0,4}}[A-Za-z0-9+/=]{{16,100}}){{1,400}}")
_PUTTY = re.compile(r"PuTTY-User-Key-File-\d: [\s\S]{1,8000}?Private-MAC: [0-9a-f]{40,64}")
_URL_WITH_PASSWORD = re.compile(
    r"(?<![A-Za-z0-9+._-])[a-z][a-z0-9+._-]{1,30}://(?P<user>[^\s/:@\"'<>]{0,80}):(?P<password>[^\s/@\"'<>]{1,200})@[^\s\"'<>)\],]{1,300}",
    re.IGNORECASE,
)
LONG_WORD_PATTERN = r"[A-Za-z0-9_+/=.-]{20}"
_LONG_WORD = re.compile(LONG_WORD_PATTERN)


def service_keys(text: str) -> Iterator[Match]:
    """Yield keys and tokens of services, private keys and addresses with a password in them."""
    if "://" in text and "@" in text:
        yield from _addresses(text)
    if not _LONG_WORD.search(text):
        return
    if "PRIVATE KEY" in text or "PuTTY" in text:
        for pattern in (_KEY_BLOCK, _CUT_KEY_BLOCK, _PUTTY):
            for match in pattern.finditer(text):
                yield Match(match.start(), match.end(), "private_key")
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if not is_placeholder(match[0]):
                yield Match(match.start(), match.end(), kind)


def _addresses(text: str) -> Iterator[Match]:
    """Yield URLs whose user has a password: ``postgres://app:…@host/db``."""
    for match in _URL_WITH_PASSWORD.finditer(text):
        if not is_placeholder(match["password"]) and match["password"] != match["user"]:
            yield Match(match.start(), match.start() + len(match[0].rstrip(".,;!?")), "database_url")
