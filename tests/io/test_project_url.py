"""Addresses of platforms' projects."""

from __future__ import annotations

import labelsift as ls
import pytest
from labelsift.errors import InputError
from labelsift.io.project_url import project_of


def test_only_installed_platforms_have_projects():
    assert project_of("label-studio://My%20Tickets") == ("label-studio", "My Tickets")
    assert project_of("label-studio://50% off") == ("label-studio", "50% off")
    for other in ("s3://bucket/a.csv", "file:///a.csv", "nope://x", "tickets.csv", 7):
        assert project_of(other) is None


def test_a_project_says_itself_where_its_labels_stand():
    with pytest.raises(InputError, match="so intent has no meaning"):
        ls.read("label-studio://Tickets", label="intent")


def test_a_tracker_cannot_be_read():
    with pytest.raises(InputError, match="mlflow cannot be read as a data set"):
        ls.read("mlflow://Tickets")
