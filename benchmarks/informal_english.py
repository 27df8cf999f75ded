"""Informal and plain English, made from templates: tweets, text messages, comments, commands, questions, complaints.

``python -m benchmarks.informal_english`` prints some. The templates were written before the detector was measured on
them.
"""

from __future__ import annotations

import random
import re

_SLOTS = """
who: my bro | this dude | mi sister | that girl from work | Jess | coach | my ex | the landlord | ma | grandpa Joe |
  her bf | these hoes | u guys | Big Tony | our prof | dat boy | Mr. Kowalski | DJ Khaled
place: tha crib | Dunkin | the gym | Brooklyn | Taco Bell | skool | da mall | Mickey Ds | the crib | Walmart | San
  Diego | L.A. | the laundromat | Costco | down town | El Paso | church
thing: a burrito | my charger | sum pizza | ur hoodie | the remote | that mixtape | two tix | my Xbox | a latte |
  iced coffee | the wifi | a parking spot | dat jacket | a taxi | karaoke | my alarm
slang: lowkey | highkey | deadass | fr | ngl | tbh | no cap | on god | bruh | yo | smh | ikr | fam
end: lol | lmao | xD | <3 | :-) | !!! | ... | haha | af | - | - | omg | 😂😂 | 🔥 | &lt;3 | smh | tho
tag: #blessed | #MondayMotivation | #tbt | #nofilter | #GoBirds | @jenny_98 | @realBigMike: | #WCW | @nytimes
url: http://t.co/9xKq2aLm | https://bit.ly/3fGh1 | www.mysite.co/ab?x=1 | pic.twitter.com/Zt5yQ
time: tmrw | 2nite | at 7 am | l8r | in 5 mins | next fri | all day | on tues | in a min | b4 noon
verb: grab | cop | borrow | lose | fix | sell | return | find | steal | order | text me about | bring
number: eight | two | fifteen | 3 | twenty | a dozen | six | 100
item: die | dice | candle | lamp | fan | radio | oven | curtain | thermostat | vacuum | heater | tv
room: kitchen | den | attic | bathroom | garage | hall | nursery | patio | office
artist: Drake | Queen | Shakira | Bad Bunny | Mozart | Enya | Metallica | Rosalia | Bach | Nirvana
genre: jazz | salsa | techno | opera | reggae | disco | latin pop | blues | hip hop | bossa nova
food: lasagna | ramen | sushi | chili | tacos | risotto | pho | curry | quiche | pancakes
card: Visa | MasterCard | debit card | gift card | virtual card | Amex | actual card
mood: hangry | pissed | stoked | dead tired | so done | hella bored | salty | sick af | drunk | hyped
"""
_TEMPLATES = """
RT {tag} {who} is {mood} {slang} {end}
{slang} i need {thing} {time} {end}
{tag} u comin 2 {place} {time}? {end}
cant believe {who} just tried 2 {verb} {thing} {end} {tag}
omw 2 {place}, u want {thing}?
{who} b trippin {end}
im at {place} rn wya
gonna {verb} {thing} {time} {url}
wat r u doin {time}
k cu {time} luv u xx
Ur msg didnt come thru, txt me {time}
pls call me asap its urgent
Gud mrng babe hav a nice day {end}
sry cant talk rn, in {place} w {who}
nvm found it {end}
idk man {who} said no {end}
yo {who} lemme {verb} {thing}
FREE entry! txt WIN to 80082 {time} 2 claim ur prize
{tag} happy bday bro!! {end}
woke up {mood} {end} {tag}
roll {number} {item}
roll an {number} sided {item}
turn off the {item} in the {room}
dim the {room} {item}
set alarm {time}
set a timer for {number} minutes
play {artist}
play some {genre} by {artist}
next song please
order {food} from {place}
is {food} spicy
how do i cook {food}
add {food} to list
define osmosis
flip a coin
what time is it in {place}
calculate {number} plus {number}
spell {item}
remind me to {verb} {thing}
cancel alarm
Can I get an {card}?
Is {card} a {card}?
Do you accept {card}
My {card} was declined
top up via {card} failed
Where is my {card}
PIN blocked
ATM ate my {card} in {place}
refund not in account
transfer to {place} pending
FIRST {end}
who's here in {number} years {end}
this slaps {end} {artist} 4ever
{artist} > {artist} {slang}
Check out my channel {url} {end}
sub 4 sub? {tag}
best song eva {end}
i miss the old {artist} {end}
LMAOOOO {who} got {mood} again {end}
ugh mondays {end} {tag}
no signal at {place} {mood} {end}
ion even care {end}
{mood} and {mood} {tag} {url}
ayo {who} hmu {time}
{who} really went 2 {place} w/o me {end}
aint nobody got time 4 {thing}
screen flickers after update
app crashes on login
great value, arrived late
meh, battery dies fast
works fine so far
do not buy, broke in {number} days
smells weird but comfy
size runs small
would buy again 10/10
total ripoff {end}
{food} was bland, service slow
overpriced {food} imo
{place} has gr8 {food} {end}
staff rude af {end}
solid {food} spot
gimme dat {thing} {end}
wassup {who}
dis {food} bussin {slang}
tell me a joke about {artist}
volume up
lights out in {room}
"""
TEMPLATES = _TEMPLATES.strip().splitlines()
SLOTS = {
    name: ["" if choice == "-" else choice for choice in choices.replace("\n ", "").split(" | ")]
    for name, _, choices in (part.partition(": ") for part in re.split(r"\n(?=\w)", _SLOTS.strip()))
}


def informal_english(count: int, *, seed: int = 0) -> list[str]:
    """Return that many different texts."""
    draw = random.Random(seed)  # noqa: S311 - texts, no secrets
    texts: dict[str, None] = {}
    while len(texts) < count:
        text = re.sub(r"\{(\w+)\}", lambda match: draw.choice(SLOTS[match[1]]), draw.choice(TEMPLATES))
        text = draw.choice([str, str, str, str.lower, str.upper, str.capitalize])(" ".join(text.split()))
        texts[text] = None
    return list(texts)


if __name__ == "__main__":
    print("\n".join(informal_english(30)))
