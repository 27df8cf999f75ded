"""State of labelsift's that a server holds."""
