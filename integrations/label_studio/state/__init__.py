"""State on the server: review projects, labelsift's own tasks, and samples matched to people's tasks."""
