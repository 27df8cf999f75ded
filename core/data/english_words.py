"""Common English words that few other languages share: what tells short and informal English from all else."""

from __future__ import annotations

from collections.abc import Sequence

# Written by hand. Left out is what other languages write as well: "for", "at" and "of" are Danish or Dutch, too.
_WORDS = """
about above absolutely across actually add after again against ain't aint alarm almost along already also although
always amazing and angry another answer any anybody anyone anythin anything anyway apart april aren't arent around
asap ask asked asking asks ass asshole ate august away awesome baby back bae basically bathroom bcoz bcuz bday
beautiful because becuz bedroom been before begin behind being believe below beside better between bf bff big biggest
bird birds birthday bit bitch bitches black blue body book bored boss both bought bout boutta boy boys brb bread break
breakfast brighten brilliant bro broke broken brother brought brown bruh btw buddy build bullshit busy buy buying call
called callin calling calls came can can't cancel cannot cant car card case cat catch cats caught cause certainly
change changed cheap check checked checking cheese chicken child children choose chose city cld clean cleaning click
close coffee cold comes comin coming comment completely consider cook cooking cool cost could couldn't couldnt count
country coz crap crazy create cry crying cud currently cut cuz dad damn dance dang dats dawg day days death december
decrease definitely delete dick did didn't didnt dinner dirty dnt does doesn't doesnt dogs doin doing don't done dont
down downstairs drag drink drinking drive driving drop dropped drove drunk dude dumb dunno during each early easy eat
eating eight either eleven else empty enough especially even evening ever every everybody everyone everythin
everything everywhere evry evryone exactly excellent eye eyes face fact fall family father february feel feelin
feeling feels feet fell few fight fighting finally find finding finna first five fix flight fml folks follow followed
followers food foot forget forgot found four freaking free frickin friday friend friends from ftw fuck fucked fucker
fuckin fucking full funny fyi game games gave get gets gettin getting gf gimme girl girls give given gives giving goes
goin going gone gonna good gosh got gotta gotten gray great greatest green grey grow gtg gud guess guy guys gym had
hadn't haha hahaha hair hands happen happened happens happy hard hasn't hate hated hates have haven't havent havin
having hbu he's head hear heard heart heaven heck hella hello help helped helping here here's hers herself hes hey
heyy high hii himself his hit hmu hoe hoes hold home homework homie honestly hope hoping horrible hot hour hours house
how how's however hows hug hundred hungry husband hv i'd i'll i'm i'ma i've id idea idk if ikr ill ily im imho imma
imo increase inside instead into irl isn't isnt it it'd it's its itself ive january jeez jk job join joke jst july
june jus just keep keeps kept kick kid kids kill killed kinda kiss kitchen kk knew know knowing known knows late later
latest laugh laughing lead learn leave leavin leaving left lemme let let's lets life light lights like liked likes lil
listening literally little live lived lives living lmao lmfao lmk lol long look looked lookin looking looks lose
losing lost lot lots loud love loved lovely loves lovin loving low lower lunch luv lyrics made make makes makin making
many march may maybe mean means meant meet meeting might milk minute minutes miss missed mom monday money month months
more morning most mother move moved movie movies msg much music must mustn't my myself n't nah names near need needed
needs neither never new news next ngl nice nigga niggas night nine nite nobody none nope nor not nothin nothing
november now nowhere number nuthin nvm october off offer office often oh okay oldest omg omw once one only onto opened
opening order other others our ours ourselves out outside own paid part people perhaps person phone pick picked
picture pictures piece pink place places play played player playin playing plays please pls plz point ppl pretty
probably problem problems pull push pussy put puts question quickly quiet quite rain raise ran rate rather reach read
reading ready really reason recently recommend red remain remember remind reminder remove repeat rest retweet right rn
rofl roll room rude run running runs sad said same saturday saw say sayin saying says schedule second seeing seen sees
sell selling send sending sent september seriously set seven shall share sharing she's shes shit shld shopping short
should shouldn't shouldnt shout show showed showing shows shud shut sick simply since sing sister sittin six skip
sleep sleeping slept slow slowly small smallest smh smile snooze snow sold some somebody somehow someone someone's
somethin something sometimes somewhere somthing song songs soon sorry sort sorta speak spend spending spent sry stand
start started starting stay still stop stopped stopping street stuff stupid subscribe such suddenly sumone sumthin sun
sunday sunny sup sweet sweetest take taken takes taking talk talked talkin talking tbh tell telling tells temperature
terrible text tfw than thank thanks thankyou thanx that that'll that's thats the their theirs them themselves then
there there'll there's these they they're they've theyre thing things think thinking thinks third thirty this tho
those though thought thousand three through throw thru ths tht thursday thx ticket til till time timer times tired
tldr tmr tmrw today together told tomorrow tonight too took totally town traffic train trash tried tries try tryin
trying tryna ttyl tuesday turn turned turns tweet tweets twelve twenty twice two txt ugh ugly understand understood
until up upstairs usually very volume wait waited waiting wake walk walking wanna want wanted wants wash wasn't wasnt
wassup watch watched watchin watching water way ways we'll we're we've wear wearing weather wednesday weekend weeks
weird well went were weren't werent what what're what's whatever whats when whenever where where's wheres wherever
whether which while white who who'd who'll who's whoever whose why wife winning wins wish with within without wiv wld
wnt woman women won won't wonderful wont words work worked workin working works world worse worst would wouldn't
wouldnt wow write writing written wrong wrote wtf wud wya wyd xoxo y'all yall yay yea yeah year years yeh yellow yep
yes yess yesterday yet you you'd you'll you're you've young your youre yours yourself yup yw
""".split()
WORDS = frozenset(_WORDS)


def english_share(words: Sequence[str]) -> float:
    """Return the share of words that are common English ones; 0 where fewer than two are.

    >>> english_share("roll an eight sided die".split()), english_share("die Karte ist no".split())
    (0.4, 0.0)
    """
    known = sum(word in WORDS for word in words)
    return known / len(words) if known > 1 else 0.0
