"""The header lines in people's labeling configs: put in and taken out without touching a byte of theirs."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift.errors import InputError
from labelsift.integrations.label_studio.convert.header_tags import difference, has_lines, with_lines, without_lines
from labelsift.integrations.label_studio.convert.label_config import label_control_of

PLAIN = """<View>
  <Text name="body" value="$text"/>
  <Choices name="intent" toName="body" choice="single"><Choice value="a"/><Choice value="b"/></Choices>
</View>"""
ODD = [
    PLAIN,
    PLAIN.replace("\n", ""),
    PLAIN.replace("\n", "\r\n"),
    '<!-- {"data": 1} <View> -->\n' + PLAIN.replace("<View>", '<View style="a > b" hint=\'"/>\'>'),
    '<?xml version="1.0"?>\n' + PLAIN.replace('"a"', '"ärger 💥 &lt;x&gt; مرحبا"'),
    PLAIN.replace("<View>", "<View\n  >\t"),
    PLAIN.replace("<Text", "<Style><![CDATA[ .a > .b { } </View> ]]></Style><View className='labelsift'/><Text"),
]


@pytest.mark.parametrize("config", ODD)
def test_lines_go_in_once_and_come_out_byte_for_byte(config):
    lined = with_lines(config)
    assert has_lines(lined)
    assert not has_lines(config)
    assert with_lines(lined) == lined
    assert without_lines(lined) == config
    assert without_lines(config) == config
    assert label_control_of(lined, project="x") == label_control_of(config, project="x")
    root = ElementTree.fromstring(lined.encode())
    assert root[0].get("className") == "labelsift-ask"
    assert [tag.get("value") for tag in root.iter("Header")] == ["$labelsift_header", "$labelsift_reason"]
    removed = [line for line in difference(config, lined).splitlines() if line.startswith("-")]
    assert len(removed) <= 2  # the file's name, and the one line in which the outermost tag ends


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="<&\uffff\ufffe"), max_size=80)
)
def test_any_text_around_the_lines_stays(text):
    config = f"<View>{text}<Text name='a' value='$a'/></View>"
    assert without_lines(with_lines(config)) == config


def test_what_people_edit_elsewhere_stays_and_the_lines_still_go():
    edited = (
        with_lines(PLAIN).replace('<Choice value="b"/>', '<Choice value="b"/><Choice value="c"/>') + "\n<!-- mine -->"
    )
    assert without_lines(edited) == PLAIN.replace('value="b"/>', 'value="b"/><Choice value="c"/>') + "\n<!-- mine -->"


def test_lines_that_an_editor_has_laid_out_anew_still_go():
    root = ElementTree.fromstring(with_lines(PLAIN))
    ElementTree.indent(root, " " * 7)
    laid_out = ElementTree.tostring(root, encoding="unicode")
    cleaned = without_lines(laid_out)
    assert cleaned is not None
    assert "labelsift" not in cleaned
    root.remove(root[0])
    assert ElementTree.canonicalize(cleaned, strip_text=True) == ElementTree.canonicalize(
        ElementTree.tostring(root, encoding="unicode"), strip_text=True
    )


@pytest.mark.parametrize(
    "edit",
    [
        ("</Style>", "</Style><Text name='t' value='$t'/>"),
        ("$labelsift_header", "$labelsift_header $ticket"),
        ('<View className="labelsift-why">', '<View className="labelsift-why" visibleWhen="choice-selected">'),
        ("</View>", ""),
    ],
)
def test_what_cannot_be_told_apart_is_left(edit):
    assert without_lines(with_lines(PLAIN).replace(*edit, 1)) is None


@pytest.mark.parametrize("config", ["", "<View/>", "<View>", "<Text name='a' value='$a'/>", "no xml"])
def test_a_config_without_a_place_for_lines_is_refused(config):
    with pytest.raises(InputError, match="labeling config of Tickets"):
        with_lines(config, project="Tickets")
