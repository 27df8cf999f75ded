"""Columns that name people, by their names: numbered ones, titles, and other languages."""

from __future__ import annotations

import pytest
from labelsift.data.people_columns import people_columns

PEOPLE = (
    "annotator annotator_1 annotator1 annotator_b annotatorId meta.annotator agent agent_name support_agent name Name "
    "assigned_to reviewed_by_id client doctor_name contact_name first_name employee_number 担当者 担当者名 顧客ID 氏名 "
    "標注員 标注员 작업자 Bearbeiter Bearbeiter:in Sachbearbeiterin Kundennummer Prüfer nom prénom auteur nombre "
    "autora nome ＡnnotatorＩＤ"
).split()
OTHERS = (
    "state gender user_gender user_tier user_agent agent_type customer_type contact channel product_name country split "
    "member source name_count age 都道府県 性別 年齢 日付 분류 alter ville number note nominal client_side"
).split()


@pytest.mark.parametrize("name", PEOPLE)
def test_columns_of_people_are_known(name):
    assert people_columns([name]) == {name}


def test_others_are_not_taken_for_one():
    assert people_columns(OTHERS) == set()
