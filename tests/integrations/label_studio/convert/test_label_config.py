"""Reading the labeling config that a project has."""

from __future__ import annotations

import pytest
from labelsift.errors import InputError
from labelsift.integrations.label_studio.convert.label_config import LabelControl, label_control_of
from labelsift.integrations.label_studio.convert.review_config import config_of, review_target

SINGLE = """<View><Text name="txt" value="$body"/><Header value="$title"/>
<Choices name="intent" toName="txt" choice="single"><Choice value="a"/><Choice value="b &amp; c"/></Choices></View>"""


def test_the_control_the_object_and_the_labels_are_found():
    assert label_control_of(SINGLE, project="P") == LabelControl("intent", "txt", ("a", "b & c"), "body")


def test_choices_without_a_choice_attribute_are_single():
    assert label_control_of(SINGLE.replace(' choice="single"', ""), project="P").from_name == "intent"


def test_the_config_of_a_review_project_reads_back():
    target = label_control_of(config_of(review_target(["$5", "b"]), mode="choose"), project="P")
    assert target == LabelControl("label", "text", ("$5", "b"), "text")


@pytest.mark.parametrize(
    ("config", "named"),
    [
        (
            '<View><Audio name="t" value="$t"/><Labels name="ner" toName="t"><Label value="A"/></Labels></View>',
            "Audio by Labels",
        ),
        ('<View><Text name="t" value="$t"/></View>', "no control"),
        (
            '<View><Text name="t" value="$t"/><Choices name="one" toName="t"><Choice value="a"/></Choices>'
            '<Choices name="two" toName="t"><Choice value="a"/></Choices></View>',
            "Choices two",
        ),
    ],
)
def test_what_is_not_supported_is_refused_by_name(config, named):
    with pytest.raises(InputError, match=named) as refused:
        label_control_of(config, project="Tickets")
    assert "Tickets" in str(refused.value)
    assert refused.value.hint


def test_nothing_to_choose_from_is_refused():
    with pytest.raises(InputError, match="there are no labels"):
        config_of(review_target([]), mode="blind")
