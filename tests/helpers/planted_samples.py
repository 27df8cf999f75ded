"""Samples with planted texts, a store that has seen much of them, and the search for what is left of them."""

from __future__ import annotations

import json
import random
from pathlib import Path

import labelsift as ls
import lance
import pyarrow as pa
from labelsift.corrections.file_versions import correct
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.search.index_pool import index_pool
from labelsift.store.location import Folder, location_of
from pyarrow import parquet

PLANTED = {f"p{number}": f"xq{number}zk planted {'vjw' * (number + 1)} Quokka \u00fc" for number in range(3)}


def rows(n: int = 60) -> list[dict[str, str]]:
    words = "card lost refund money transfer late parcel where order cancel account login password".split()
    rng = random.Random(1)
    made = [
        {"id": f"r{row}", "text": " ".join(rng.sample(words, 6)) + f" {row}", "label": ("a", "b")[row % 2]}
        for row in range(n)
    ]
    for index, (id, text) in enumerate(PLANTED.items()):
        made.insert(7 * index + 3, {"id": id, "text": text, "label": "a"})
    made.append({"id": "twin", "text": made[0]["text"], "label": "b"})
    return made


def write_csv(path: Path, made: list[dict[str, str]]) -> Path:
    path.write_text("id,text,label\n" + "".join(f'{row["id"]},"{row["text"]}",{row["label"]}\n' for row in made))
    return path


def said(id: str, action: str, value: str, run: str, note: str = "") -> dict[str, object]:
    verdict = "changed" if action != "keep" else "refused"
    return {"id": id, "action": action, "value": json.dumps(value), "run": run, "note": note} | {
        "person": "ann",
        "verdict": verdict,
        "platform": "xlsx",
    }


def live_in(store: str, folder: Path) -> None:
    """Make a store with two runs, a version, a pool in a folder, notes and an edit, from files beside it."""
    file = write_csv(folder / "data.csv", rows())
    report = ls.scan(ls.read(file, id="id", label="label"), store=store)
    given = [
        said("p0", "edit", PLANTED["p0"] + " edited", report.run),
        said("p1", "relabel", "b", report.run, note=f"wrong: {PLANTED['p1']}"),
        said("r4", "relabel", "b", report.run, note="of another sample"),
    ]
    ls.record(pa.Table.from_pylist(given, CORRECTIONS_SCHEMA), store=store)
    report.store.save_links(report.run, dict.fromkeys(("p0", "p1", "r4"), "http://127.0.0.1/task"))
    correct(file, folder / "next.csv", label="label", id="id", store=store)
    ls.scan(ls.read(folder / "next.csv", id="id", label="label"), store=store)
    if in_folder(store):
        index_pool(
            ls.read(pa.table({"id": ["p2", "x"], "text": [PLANTED["p2"], "other words"]}), id="id"),
            name="pool",
            store=store,
        )


def in_folder(store: str) -> bool:
    return "://" not in store


def files(store: str) -> dict[str, bytes]:
    """Return all files, or all objects of the bucket below the prefix, hidden ones too."""
    place = location_of(store)
    if isinstance(place, Folder):
        return {
            path.relative_to(place.path).as_posix(): path.read_bytes()
            for path in place.path.rglob("*")
            if path.is_file()
        }
    keys = [entry["path"] for batch in place.client.list(prefix=place.prefix) for entry in batch]
    return {key.removeprefix(f"{place.prefix}/"): bytes(place.client.get(key).bytes()) for key in keys}


def everything(store: str) -> str:
    """Return all that the store holds, as bytes and decoded, as one text."""
    there = files(store)
    contents = [content.decode("latin-1") for content in there.values()]
    contents += [content.decode("utf-8", "replace") for name, content in there.items() if ".json" in name]
    for table in sorted({name.partition(".lance/")[0] for name in there if ".lance/" in name}):
        data = lance.dataset(location_of(store).lance(f"{table}.lance"))
        for version in data.versions():
            contents.append(str(data.checkout_version(version["version"]).to_table().to_pylist()))
    kept = [pa.BufferReader(content) for name, content in there.items() if name.endswith(".parquet")]
    contents += [str(parquet.read_table(path, partitioning=None).to_pylist()) for path in kept]
    return "\n".join(contents)


def traces(store: str) -> list[str]:
    content = everything(store)
    return [id for id, text in PLANTED.items() if text[:20] in content or json.dumps(text)[1:20] in content]
