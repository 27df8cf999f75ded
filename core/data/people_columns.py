"""Columns that name people: by their names, those of annotators, authors and customers, in nine languages.

A slice of such a column is a figure about one person, which no tracker gets unless a slice was declared for it. A name
is all that is looked at: ``kolumne7`` passes, whatever it holds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Nouns for somebody. Those of _WITH_ENDING are as often something else (a channel, a yes or no): they need an
# ending, as contact_name has.
_WHO = (
    "annotator labeler labeller rater coder grader reviewer worker author user speaker customer employee patient "
    "person assignee owner agent client doctor physician nurse teacher student sender recipient receiver respondent "
    "participant interviewer interviewee editor creator buyer seller curator evaluator handler adviser advisor "
    "consultant attorney lawyer candidate applicant reporter uploader submitter caller requester transcriber "
    "annotateur annotatrice auteur auteure autrice cliente utilisateur utilisatrice redacteur redactrice medecin "
    "evaluateur evaluatrice relecteur relectrice employe employee correcteur interlocuteur expediteur destinataire "
    "anotador anotadora autora usuario usuaria revisor revisora evaluador evaluadora empleado empleada paciente agente "
    "trabajador trabajadora encargado encargada remitente destinatario etiquetador etiquetadora responsable "
    "annotatore autore utente paziente revisore medico medewerker klant gebruiker beoordelaar"
).split()
_WITH_ENDING = "contact member manager operator judge expert child guest account driver staff crowd".split()
_GERMAN = (
    "bearbeiter sachbearbeiter annotator kunde kundin kunden mitarbeiter patient patienten autor verfasser ersteller "
    "benutzer nutzer anwender prufer pruefer gutachter lehrer schuler schueler arzt aerztin arztin arzte betreuer "
    "ansprechpartner absender empfanger empfaenger sprecher kodierer bewerter melder anrufer redakteur"
).split()
_WHICH = (
    "primary|secondary|first|second|third|last|original|assigned|lead|main|support|sales|service|call|human|crowd|gold|"
    "expert|previous|current|responsible|attending|treating"
)
_ENDING = (
    r"(first_|last_|full_|user_|display_|family_|given_)?"
    r"(ids?|names?|emails?|mails?|e_mails?|login|key|no|nr|numbers?|initials|handle|phone|nom|nombre|nome|naam)"
)
_AGAIN = r"(_?\d+|_[a-z])?"  # annotator_1, rater2, annotator_b
_DONE = (
    "annotated labeled labelled completed reviewed created updated written answered checked assigned sent handled "
    "owned submitted reported uploaded edited modified approved verified coded tagged rated graded judged posted "
    "authored requested closed resolved opened entered signed transcribed translated validated corrected"
).split()
_NAMES = (
    r"((first|last|full|sur|user|display|family|given|middle|nick|maiden|screen|real|legal)_?)?names?|emails?|e_?mail|"
    r"e_?mail_address|login|phone_?(no|number)|vorname|nachname|familienname|zuname|prenom|nom|nom_(complet|de_famille)|"
    r"nombre|nombre_completo|apellidos?|nome|cognome|naam|voornaam|achternaam"
)
_EAST_ASIAN = (  # 者, 員 and 员 end the words for who does something
    r"\w*(者|員|员|担当|担当医|医師|医生|氏名|姓名|名前|名字|昵称|顧客|客户|客戶|用户|用戶|病人|负责人|負責人|联系人|"
    r"经办人|審核人|审核人|标注人|创建人|ユーザー?|アノテーター?|ラベラー|レビュアー|レビューアー?|"
    r"작업자|담당자|주석자|라벨러|평가자|작성자|검수자|사용자|이름|성명|고객|환자|저자|직원|의사)"
    r"(_?(名|氏名|姓名|コード|番号|编号|編號|ids?|이름|번호|명))?(_?\d+)?"
)
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"(({_WHICH})_)?({'|'.join(_WHO)})s?(_?{_ENDING})?{_AGAIN}",
        rf"({'|'.join(_WITH_ENDING)})s?_?{_ENDING}{_AGAIN}",
        rf"({'|'.join(_GERMAN)})(_?in(nen)?)?((en|n|s)?_?(name|nummer|nr|id|kurzel|kuerzel))?{_AGAIN}",
        rf"({'|'.join(_DONE)})_(by|to)(_?{_ENDING})?{_AGAIN}",
        rf"({_NAMES}){_AGAIN}",
        _EAST_ASIAN,
    )
)


def people_columns(columns: Iterable[str]) -> set[str]:
    """Return the columns whose values name people, by what they are called.

    >>> sorted(people_columns(["annotator_1", "completed_by", "Worker-ID", "userName", "user_gender", "state"]))
    ['Worker-ID', 'annotator_1', 'completed_by', 'userName']
    >>> sorted(people_columns(["担当者", "Bearbeiter:in", "prénom", "都道府県", "contact", "contact_name"]))
    ['Bearbeiter:in', 'contact_name', 'prénom', '担当者']
    """
    return {name for name in columns if any(form.fullmatch(_plain(name)) for form in _FORMS)}


def _plain(name: str) -> str:
    """Return the last part of a dotted name in lower case, its words joined by ``_``, without accents."""
    last = unicodedata.normalize("NFKC", name).rpartition(".")[2]
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", last)
    words = re.sub(r"[\W_]+", "_", words).strip("_").lower()
    bare = re.sub(r"(?<=[a-z])[\u0300-\u036f]+", "", unicodedata.normalize("NFD", words))
    return unicodedata.normalize("NFC", bare)
