"""What a tracker was last told of a data set's gate."""

from labelsift.store.base import RunTarget
from labelsift.store.gate_status import keep_status, last_status
from labelsift.store.store import Store


def test_the_last_status_is_kept_by_data_set_and_tracker_and_the_same_one_once(tmp_path, make_report):
    store = Store(tmp_path / "kept")
    store.save(make_report())
    where = RunTarget("20261123-101500-4f2a", "wandb", "us/tickets")
    assert last_status(store, "tickets", "wandb") is None
    for status in ("failed", "failed", "passed", "failed"):
        keep_status(store, "tickets", where, status)
    keep_status(store, "other", where, "passed")
    assert last_status(store, "tickets", "wandb") == "failed"
    assert last_status(store, "tickets", "mlflow") is None
    assert [record["status"] for record in store.ledger.records() if record["kind"] == "gated"] == [
        "failed",
        "passed",
        "failed",
        "passed",
    ]
