"""Pure conversions both ways: a review item to a task, an answer to a value, the labeling config."""
