"""Live scoring of records that arrive."""
