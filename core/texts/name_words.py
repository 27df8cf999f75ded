"""Capital words after a cue that are no name of a person, and products that are called like one."""

from __future__ import annotations

import re

# English words that stand with a capital in titles and greetings; German nouns; names of peoples, firms and products.
NO_NAMES = frozenset(
    """
    a an the this that these those my your our his her their its i you he she it we they not no yes and or but if so
    is are was were be been am do does did have has had will would can could may might shall should must
    in on at of to for from with by about after before while when where why how what who which than as into over out up
    me us them yours ours reading watching start time love right target
 united kingdom states republic islands emirates city saint
    very really just only also still never always now then here there today tomorrow yesterday
    team customer customers client clients support service services sales billing help desk department dept office
    manager management staff admin administrator agent representative company bank store shop group limited ltd inc
    gmbh llc corp user users guest account member members sir madam madame mister all everyone everybody friend friends
    folks guys people colleagues dear hello hi hey thanks thank best kind kindly regards great good bad please sorry
    urgent important new old first last next free full big happy sad angry ridiculous disappointed unacceptable
    looking waiting hoping trying asking writing calling using having getting going sure glad afraid unable
    untitled document report file final required field unknown none null name names test example sample default
    australian american british english german french spanish italian portuguese dutch japanese chinese indian
    canadian irish scottish polish turkish russian mexican brazilian european african asian muslim christian catholic
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december christmas easter
    amazon google apple samsung microsoft windows android iphone ipad facebook instagram whatsapp twitter youtube
    netflix paypal visa mastercard bluetooth wifi internet covid galaxy black friday
    kunde kundin kunden ihr ihre mein meine der die das ein eine und oder nicht kein keine sehr heute herren damen
    frau herr kundenservice kundendienst support team bitte danke grüße aus seit
    client cliente clientes clienta votre notre mon ma le la les un une et ou pas très bonjour madame monsieur
    madre mujer hombre equipo servicio atención señores señor señora gracias muy el los las
    mãe equipe equipa atendimento senhores senhor senhora obrigado obrigada
    klant klanten uw onze de het een niet zeer bedankt
    developer engineer designer analyst consultant director president minister officer teacher doctor professor nurse
    """.split()
)
BRANDS = re.compile(
    r"Dr\.? (?:Martens|Oetker|Pepper|Scholl|Dre|Who|Strange|Seuss|Jart|Browns?|Hauschka|Best|No)\b"
    r"|Mr\.? (?:Coffee|Robot|Clean|Bean|Muscle|Proper|Beast|Potato|Right|Big|President|Speaker|T)\b"
    r"|Mrs\.? (?:Meyer|Doubtfire|Fields|Butterworth)|Ms\.? (?:Pac|Marvel)"
    r"|Frau Holle|Sr\.? (?:Developer|Engineer|Manager|Director|Analyst)"
)
