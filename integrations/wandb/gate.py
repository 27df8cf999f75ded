"""Gates in W&B: the run of the scan says whether its gate passed, and an alert says once that this changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from labelsift.data.formatting import shortened
from labelsift.platforms import GateNote, Receipt
from labelsift.render.gate_alert import alert_text, change, harmless, judged_table
from labelsift.store.gate_status import conditions_key
from labelsift.store.run import Run as ScanRun

from .charts import table
from .client import RUN, Opened, mode, opened, place, require, run_id
from .keys import GATE
from .receipts import last_mark, mark, receipt

STATUS, HEADLINE, DIGEST = "labelsift_gate", "labelsift_gate_summary", "labelsift_gate_digest"
CONDITIONS, GATES = "labelsift_gate_conditions", "labelsift_gates"  # which gate it was; the status of each by that
SUFFIX = "-gate"  # offline a run cannot be opened again, and a second one of the same id would replace the first
LEVELS = {"failed": "ERROR", "not measurable": "WARN", "passed": "INFO"}


def write(report: ScanRun, note: GateNote) -> Receipt:
    """Write the result of a gate into the run of its scan; an alert goes out where the gate changed.

    What the W&B run itself was told last of a gate of the same conditions counts more than ``note.before``.

    Raises
    ------
    PlatformError
        If W&B refuses or cannot be reached.
    InputError
        If the user's active run already holds another scan.
    """
    require()
    import wandb

    result, target, how = note.result, note.target, mode()
    headline = shortened(note.summary.partition("\n")[0].lstrip("# "), 500)
    conditions = conditions_key(result)
    digest = hashlib.sha256(json.dumps(result, sort_keys=True).encode()).hexdigest()
    rows, suffix, last = len(judged_table(result).rows), "", {}
    if wandb.run is None and how == "offline":
        suffix = SUFFIX
        folder, last = last_mark(run_id(report.run, suffix), place(target), {CONDITIONS: conditions})
        if last.get(DIGEST) == digest:
            return receipt(folder, "unchanged", rows, {"run_id": last["id"], "status": result["status"], "alert": ""})
    with opened(report.run, target=target, how=how, suffix=suffix) as session:
        run, known = session.run, session.run.config
        unchanged = known.get(DIGEST) == digest
        statuses = dict(known.get(GATES) or {})
        before = last.get(STATUS) or statuses.get(conditions) or note.before
        alert = "" if unchanged else change(before, result["status"])
        if not unchanged:
            told = {GATES: statuses | {conditions: result["status"]}, HEADLINE: headline, DIGEST: digest}
            _write(session, report, result, told)
        if alert:
            run.alert(
                f"Gate {result['status']}: {harmless(report.samples.name)}",
                alert_text(result, headline=headline, changed=alert),
                level=LEVELS[result["status"]],
            )
    mark(session, place(target), **{CONDITIONS: conditions, DIGEST: digest, STATUS: result["status"]})
    facts = {"run_id": run.id, "status": result["status"], "alert": alert}
    return receipt(session, "unchanged" if unchanged else "created", rows, facts)


def _write(session: Opened, report: ScanRun, result: Mapping[str, Any], told: Mapping[str, Any]) -> None:
    run = session.run
    if session.ours and not run.config.get(RUN):  # nothing named it yet
        run.name = f"{shortened(report.samples.name, 100)} gate"
    judged = judged_table(result)
    failed = sum(condition["status"] == "failed" for condition in result["conditions"])
    run.config.update({RUN: report.run, "labelsift_dataset": report.samples.name}, allow_val_change=True)
    run.log({GATE: table(judged.columns, judged.rows), "dq/gate_conditions_failed": failed})
    run.summary["dq/gate"] = result["status"]
    run.config.update({STATUS: result["status"], **told}, allow_val_change=True)  # last: it says that the rest stands
