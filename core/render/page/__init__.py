"""Run page: one self-contained HTML file."""
