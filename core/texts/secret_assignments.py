"""Passwords and keys that a text names: ``password = …``, "my password is …", bearer headers, high-entropy values.

After a word for a password its value must look like one where a sentence could go on there ("my password is wrong");
after a word for a key it must be long and random: by Shannon entropy, and of more than one kind of character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .matches import Match
from .placeholders import entropy, is_placeholder

LEAST_KEY = 16  # characters of a key
LEAST_ENTROPY = 3.0  # bits a character of a key of hexadecimal digits; detect-secrets takes 3.0
LEAST_ENTROPY_WIDE = 3.5  # of one of more characters; 24 random ones of 62 have 4.2, English words in a row 3.2 to 3.9

_WORDS = (
    r"password|passwd|passwort|passphrase|passcode|pwd|pw|pass|kennwort|contraseña|contrasena|mot de passe|mdp|senha"
    r"|palavra-passe"
    r"|wachtwoord|parola|hasło|haslo|şifre|şifrem|sifre|lösenord|losenord|adgangskode|passord|salasana|heslo|пароль"
    r"|parolă"
    r"|パスワード|密码|密碼|비밀번호|암호"
)
# "pass" is mostly a verb: said of a password only after a user's name, or with a sign of assignment.
_SAID_WORD = _WORDS.replace("|pass|", "|")
_NAME_BEFORE = r"[A-Za-z0-9_.-]{0,40}"
_VALUE = r"(?P<quote>[\"'`]?)(?P<value>[^\s\"'`,;<>|&]{4,200})"
_ASSIGNED = re.compile(
    rf"(?<![A-Za-z])(?P<name>{_NAME_BEFORE}(?:{_WORDS}))(?:[\"'\]]{{0,2}}\s?(?::|=|=>|:=|：)\s?){_VALUE}",
    re.IGNORECASE,
)
_TAG = re.compile(rf"<(?P<name>[\w:.-]{{0,20}}(?:{_WORDS}))>(?P<value>[^<>\s]{{4,200}})</", re.IGNORECASE)
_OPTION = re.compile(
    r"(?:--?(?:password|passwd|pass|pwd)[ =]|(?:mysql|mysqldump|mariadb)\b[^\n|;]{0,60}? -p|sshpass -p ?)" + _VALUE
)
_SAID = re.compile(
    rf"(?<![^\W_])(?:{_SAID_WORD})(?![A-Za-z0-9_-])(?:\s?:)?\s?(?:is now|is|was|are|lautet|ist|war|est|es|é|è|to|jest"
    rf"|changed to|set to|för|は|是|：|:|=|не|är)?"
    r"[\s:=]{0,3}[\"'“„«]?(?P<value>[^\s\"'“”„«»,.][^\s\"'“”„«»,]{3,63})",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    r"\b(?:user|username|login|account|uid|wifi)\b[\s:=]{0,3}(?:\S{1,40}[\s,/;]{1,3})?(?:and )?(?:pass"
    r"|pw)[\s:=]{1,3}(?P<value>\S{4,64})",
    re.IGNORECASE,
)
_SAID_JAPANESE = re.compile(r"(?:パスワード|密码|密碼|비밀번호)(?:は|是|：|:|가|는|이)? ?(?P<value>[!-~]{6,64})")
_BEFORE_WORD = re.compile(
    rf"\b(?:use|used|put|type|entered|try) (?P<value>\S{{4,64}}) (?:as|for) (?:my|the|a) (?:{_WORDS})\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(
    rf"(?<![^\W_])(?:{_WORDS}) (?:is|was|ist|lautet|est|es) [\"“„'](?P<value>[^\s\"”“']{{6,64}})[\"”“']",
    re.IGNORECASE,
)
_BEARER = re.compile(
    r"(?<![A-Za-z])(?:bearer|basic) (?P<value>[A-Za-z0-9_~+/.-]{16,2000}={0,2})(?![A-Za-z0-9])", re.IGNORECASE
)
_KEY_WORD = (
    r"api[_ -]?key|apikey|api[_ -]?token|secret[_ -]?key|secret|client[_ -]?secret|access[_ -]?key|access[_ -]?token"
    r"|auth[_ -]?token"
    r"|token|private[_ -]?key|encryption[_ -]?key|signing[_ -]?key|session[_ -]?secret|webhook[_ -]?secret"
    r"|auth[_ -]?key|license[_ -]?secret"
    r"|clé api|clave api|chave api|chiave api|api-schlüssel|api-key|accountkey|sharedaccesskey"
    r"|secret[_ -]?access[_ -]?key|credentials?"
)
_KEY = re.compile(
    rf"(?<![A-Za-z])(?P<name>{_NAME_BEFORE}(?:{_KEY_WORD}))[\"'\]]{{0,2}}(?:\s{{0,2}}(?::|=|=>|:=|：)\s{{0,2}}| (?:is"
    rf"|lautet|ist|est|es|:) | )"
    r"[\"'`]?(?P<value>[A-Za-z0-9_+/=.~-]{16,500})",
    re.IGNORECASE,
)
# A text without it names no secret; in the syntax of RE2, too, so that Arrow can look through a column.
CUE_PATTERN = rf"(?i:{_WORDS}|bearer|basic|mysql|mariadb|key|token|secret|credential|clé|clave|chave|chiave|schlüssel)"
CUE = re.compile(CUE_PATTERN)
# A name that says where a secret is, or something about it, and holds none.
_OTHER_NAME = re.compile(
    r"(?:url|uri|path|file|type|name|policy|length|hash|field|header|ids?|count|hint|reset|expiry|expires|validators?"
    r"|param"
    r"|max_tokens|(?:csrf|xsrf|change|continuation|next|page|sync|cursor|resume|contract)[a-z_-]*token|primary_?key"
    r"|foreign_?key|public_?key|sort_?key|cache_?key|partition_?key|tokenizer)$",
    re.IGNORECASE,
)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_OF_ACCESS = re.compile(r"api|secret|auth|access", re.IGNORECASE)
_NO_VALUE = re.compile(r"^[a-zà-ÿ]+[.!?)]*$|^\W+$|^https?:|^/|\)$|^\d{1,3}$", re.IGNORECASE)


def named_secrets(text: str) -> Iterator[Match]:
    """Yield what a text calls a password or a key, and what stands in an authorization header."""
    if not CUE.search(text):
        return
    yield from _passwords(text)
    for match in _BEARER.finditer(text):
        value = match["value"]
        if not is_placeholder(value) and _looks_random(value):
            yield Match(match.start("value"), match.end("value"), "bearer_token")
    for match in _KEY.finditer(text):
        value = match["value"].rstrip(".")
        if _OTHER_NAME.search(match["name"]) or is_placeholder(value) or not _looks_random(value):
            continue
        kind = (
            "aws_key"
            if re.search(r"aws|secret.?access", match["name"], re.IGNORECASE) and len(value) == 40
            else "api_key"
        )
        yield Match(match.start("value"), match.start("value") + len(value), kind)


def _passwords(text: str) -> Iterator[Match]:
    for pattern in (_ASSIGNED, _TAG, _OPTION):
        for match in pattern.finditer(text):
            name = match.groupdict().get("name") or ""
            value = match["value"].rstrip(".,)") or match["value"]
            quoted = bool(match.groupdict().get("quote"))
            if _OTHER_NAME.search(name) or is_placeholder(value):
                continue
            if _looks_like_password(value) or (quoted and not _NO_VALUE.search(value)):
                yield Match(match.start("value"), match.start("value") + len(value), "password")
    for pattern in (_SAID, _LOGIN, _SAID_JAPANESE, _BEFORE_WORD):
        for match in pattern.finditer(text):
            value = match["value"].rstrip(".,;:?)")
            if _looks_like_password(value) and not is_placeholder(value):
                yield Match(match.start("value"), match.start("value") + len(value), "password")
    for match in _QUOTED.finditer(text):
        if not is_placeholder(match["value"]):
            yield Match(match.start("value"), match.end("value"), "password")


def _looks_like_password(value: str) -> bool:
    """Tell whether a value is no word of a sentence: letters with digits or signs among them, or capitals inside."""
    if len(value) < 4 or _NO_VALUE.search(value) or not value.isascii():
        return False
    letters = sum(map(str.isalpha, value))
    digits = sum(map(str.isdigit, value))
    signs = len(value) - letters - digits
    if re.fullmatch(
        r"[\d.,:/-]+|[a-z]+(?:[-_'/.][a-z]+)*[.!?:;]*|[A-Za-z]+[-/.]\d{1,4}|\d+-[a-z]+", value, re.IGNORECASE
    ):
        return False
    mixed = any(map(str.isupper, value[1:])) and any(map(str.islower, value))
    return letters >= 2 and (digits > 0 or signs > 0 or (mixed and len(value) >= 8))


def _looks_random(value: str) -> bool:
    """Tell whether a value is long and random enough for a key: see the thresholds."""
    core = value.rstrip("=")
    if len(core) < LEAST_KEY:
        return False
    digits = sum(map(str.isdigit, core))
    if re.fullmatch(r"[0-9a-fA-F]+", core):
        return len(core) >= 20 and digits < len(core) and entropy(core.lower()) >= LEAST_ENTROPY
    if not digits and not re.search(r"[a-z][A-Z].*[a-z][A-Z]", core):
        return False
    words = re.findall(r"[A-Z]?[a-z]{4,}|[A-Z]{5,}", core)
    return entropy(core) >= LEAST_ENTROPY_WIDE and sum(map(len, words)) < 0.5 * len(core)
