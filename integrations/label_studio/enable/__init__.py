"""Enabling and disabling labelsift in a project: ML backend, header lines, tabs, and the record of the changes."""
