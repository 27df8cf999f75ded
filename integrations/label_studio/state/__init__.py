"""What labelsift finds of its own on the server: rounds, its tasks, the matching of projects."""
