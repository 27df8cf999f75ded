"""Gates: conditions on a run's metrics, what they count, the tests that decide, and what became of them."""
