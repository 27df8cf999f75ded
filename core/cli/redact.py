"""Command redact: a copy of a file with marks in place of personal data and secrets."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

import click

from ..corrections.redact_file import RedactedFile, redact_file
from ..data.formatting import listed, visible
from ..texts.kind_words import counted_kinds
from .options import FORM, ReadOptions, json_option, parted, read_options
from .output import write_json


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--out", required=True, type=click.Path(dir_okay=False), help="The masked copy, in the same format.")
@read_options(
    "text",
    "no_text",
    "meta",
    *FORM,
    help={
        "text": "Column of the texts to mask.",
        "no_text": "There are none: mask the columns of --meta only.",
        "meta": "Further columns to mask, parted by commas or repeated.",
    },
)
@click.option("--kinds", help="Only these, parted by commas: email, phone, password …")
@click.option("--region", metavar="XX", help="Country of phone numbers without +, two letters such as DE.")
@click.option("--no-names", is_flag=True, help="Do not look for names of persons by the words before them.")
@json_option
def redact(
    file: str,
    out: str,
    reading: ReadOptions,
    kinds: str | None,
    region: str | None,
    no_names: bool,
    as_json: bool,
) -> None:
    """Write a copy of FILE with marks such as [EMAIL_1] in place of personal data and secrets.

    The same value in a row has the same mark. Every other cell stays as it is written; columns that are not named and
    hold something are named by what they hold.
    """
    result = redact_file(
        file,
        out,
        text=None if reading.no_text else reading.text,
        columns=parted(reading.meta),
        kinds=parted(kinds),
        region=region,
        names=not no_names,
        form=reading.form,
    )
    if as_json:
        write_json(asdict(result) | {"out": out})
    else:
        click.echo(visible(f"{out}: {_said(result)}"))


def _said(result: RedactedFile) -> str:
    """Say by counts what was masked, and what was left.

    >>> _said(RedactedFile(9, 2, {"text": {"email": 2}}, {"customer": {"phone": 9}}))
    'masked 2 e-mail addresses in 2 of 9 rows. Left as they are (--meta masks them): customer (9 phone numbers).'
    """
    total = sum((Counter(counts) for counts in result.kinds.values()), Counter[str]())
    done = f"masked {listed(counted_kinds(total))}" if total else "found nothing to mask"
    sentence = f"{done} in {result.changed:,} of {result.rows:,} rows." if total else f"{done} in {result.rows:,} rows."
    left = [f"{name} ({listed(counted_kinds(counts))})" for name, counts in result.left.items()]
    return f"{sentence} Left as they are (--meta masks them): {', '.join(left)}." if left else sentence
