"""Plan, diff and writes of a push, into a review project or a project of the user's own."""
