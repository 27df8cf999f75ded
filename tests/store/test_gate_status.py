"""What a tracker was last told of a data set's gate."""

from labelsift.store.base import RunTarget
from labelsift.store.gate_status import conditions_key, keep_status, last_status
from labelsift.store.store import Store


def test_the_last_status_is_kept_by_data_set_tracker_and_conditions_and_the_same_one_once(tmp_path, make_report):
    store = Store(tmp_path / "kept")
    store.save(make_report())
    where = RunTarget("20261123-101500-4f2a", "wandb", "us/tickets")
    assert last_status(store, "tickets", "wandb", "a") is None
    for status in ("failed", "failed", "passed", "failed"):
        keep_status(store, "tickets", where, "a", status)
        keep_status(store, "tickets", where, "b", "passed")
    keep_status(store, "other", where, "a", "passed")
    assert last_status(store, "tickets", "wandb", "a") == "failed"
    assert last_status(store, "tickets", "wandb", "b") == "passed"
    assert last_status(store, "tickets", "mlflow", "a") is None
    assert [record["status"] for record in store.ledger.records() if record["kind"] == "gated"] == [
        "failed",
        "passed",
        "passed",
        "failed",
        "passed",
    ]


def test_a_gate_is_known_by_its_conditions_in_any_order_and_not_by_what_came_of_them():
    def result(*lines, status="passed"):
        return {"status": status, "conditions": [{"condition": line, "status": status} for line in lines]}

    both = conditions_key(result("accuracy >= 0.9", "f1 >= 0.8"))
    assert conditions_key(result("f1 >= 0.8", "accuracy >= 0.9", status="failed")) == both
    assert len({both, conditions_key(result("f1 >= 0.8")), conditions_key(result("f1 >= 0.8 by state"))}) == 3
