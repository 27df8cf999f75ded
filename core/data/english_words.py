"""Common English words that few other languages share: what tells short and informal English from all else."""

from __future__ import annotations

from collections.abc import Sequence

# Written by hand. Left out is what other languages write as well: "for", "at" and "of" are Danish or Dutch, too.
_WORDS = """
about above absolutely accept across actually add afraid after again against agree ain't aint alarm allow almost along
already also although always amazing and angry another answer any anybody anyone anythin anything anyway apart appear
april aren't arent around arrive arrived asap ask asked asking asks asleep ass asshole ate attack august aunt awake
away awesome back bae basically bathroom bcoz bcuz bday beautiful became because become becuz bedroom been before
begin behind being believe belong below beside better between beyond bf bff big biggest bird birds birthday bit bitch
bitches bitter black bleed bless blood blow blue body boil book bored born boss both bottom bought bout boutta bowl
box boy boys brb bread break breakfast breath breathe bright brighten brilliant bro broke broken brother brought brown
bruh btw buddy build building built bullshit burn burned bury busy butter buy buying cake call called callin calling
calls came can can't cancel candle candy cannot cant car card careful carried carry cat catch cats caught certainly
chair changed charged charger chase cheap check checked checking cheer cheese chest chew chicken child children choice
choose chose church city cld clean cleaning clear click climb close closed closet cloth clothes cloud coach coffee
cold collar comb comes comfort comin coming comment completely consider cook cooking cool cost cough could couldn't
couldnt country cow coz crap crash crawl crazy create crowd cruel cry crying cud cup curl currently curtain cut cute
cuz dad damn dance dang dark dats daughter dawg day days dead deaf dealt death debt december decide declined decrease
deep deer definitely delete deny desk devil dick did didn't didnt difficult dinner dirt dirty discuss dish dnt does
doesn't doesnt dogs doin doing don't done dont doubt down downstairs downtown drag draw drawer dream dress drink
drinking drive driven driving drop dropped drove drug drunk dry dude dumb dunno during dust duty each early earth
easily easy eat eating edge eight either elbow eleven else empty enjoy enough enter especially even evening ever every
everybody everyone everythin everything everywhere evil evry evryone exactly excellent excuse expect explain eye eyes
face fact fair faith false fame family farmer father fault favorite fear feather february feed feel feelin feeling
feels feet fell fellow fence fever few fifteen fifty fight fighting fill finally find finding finna fire first five
fix flag flame flash flew flight float flood floor flow flower flying fml folks follow followed followers food fool
foot forever forget forgive forgot forgotten fork forward fought found four fourteen fox freaking free fresh frickin
friday fridge friend friends frog from frozen ftw fuck fucked fucker fuckin fucking fuel full funny further fyi game
games garden garlic gather gave gentle get gets gettin getting gf ghost gimme girl girls give given gives giving glad
glove glue goal goes goin going gone gonna good gosh got gotta gotten gray great greatest greedy green greet grew grey
ground grow grown gtg guard gud guess guest guilty guy guys gym had hadn't haha hahaha hair hairy hammer handle hands
hang happen happened happens happy hard harm hasn't hate hated hates have haven't havent havin having hbu he's head
health hear heard heart heat heaven heavy heck height held hella hello help helped helping herd here here's hers
herself hes hey heyy hidden hide high himself hire his history hit hmu hobby hoe hoes hold hole holiday home homework
homie honest honestly honey hook hope hoping horn horrible horse hot hour hours house how how's however hows hug huge
hundred hungry hurry hurt husband hv i'd i'll i'm i'ma i've ice id idea idk if ikr ill ily imho imma imo improve inch
income increase indeed insect inside instead into invite irl island isn't isnt it it'd it's itch its itself ive jail
january jealous jeans jeez jewel jk job join joke joy jst july jump june jungle jus just keen keep keeps kept kettle
key keyboard kick kid kids kill killed kinda king kitchen kitten knee knew knife knock know knowing known knows ladder
lady laptop late later latest laugh laughing lawn lawyer lazy lead leaf leak lean learn least leather leave leavin
leaving left lemme lend length less lesson let let's lets letter library lid lie life lift light lights like liked
likely likes lil limit lion lip liquid listening literally little live lived lives living lmao lmfao lmk loaf lol
lonely long look looked lookin looking looks loose lose losing loss lost lot lots loud lousy love loved lovely loves
lovin loving low lower luck lucky lunch lung luv lyrics made magic make makes makin making manage many march market
marriage married marry may maybe meal mean means meant meanwhile meat medicine meet meeting melt mend mess middle
might milk mind minutes mirror miss missed mistake mom monday money months moon morning mother mouse mouth move moved
movie movies msg much mud murder music must mustn't my myself n't nah naked names narrow nasty near neat neck need
needed needle needs neighbor neighborhood neither nephew nest never new news next ngl nice niece nigga niggas night
nine nite nobody noise none noon nope nor north nose not nothin nothing november now nowhere nurse nut nuthin nvm oak
obey ocean october odd off offer often oh oil okay oldest omg omw one onion only onto opened opening order other
others our ours ourselves out outside overpriced owner pack paid pain paint pants paper parent parents parking path
peace peach pear pencil people pepper perhaps phone pick picked picture pictures pie piece pig pillow pink places play
played player playin playing plays pleasant please plenty pls plz pocket poor potato pound power ppl praise pray
prefer pregnant pretty prevent price pride probably problems proud prove pub pull pump purple purse push pussy put
puts question quickly quiet quite rain raise ran rate rather raw reach read reading ready realize really reason
receipt receive recently recommend red refund refuse relax remain remember remind reminder remove repeat reply retweet
ride riding right river rn road roast rofl roll roof room root rope rude run running runs rush sad safe said sail same
saturday save saw say sayin saying says scared scary schedule school scissors screen seat second seeing seek seem
seems seen sees seldom selfish sell selling sending sent september seriously seven sew shade shadow shake shall shame
shape share sharing sharp she's sheep sheet shelf shes shine shirt shit shld shock shoe shoes shoot shopping shore
short should shoulder shouldn't shouldnt shout show showed showing shows shud shut sick silk silly simply since sing
sister sittin skill skin skip skirt slave sleep sleeping sleeve slept slice slide slightly slip slow slowly small
smallest smell smh smile smoke smooth snake snooze snow soap soft soil sold somebody somehow someone someone's
somethin something sometimes somewhere somthing song songs soon sorry sort sorta soup sour south spare speak spell
spend spending spent spice spicy spider spoke spoon spread spring squeeze sry stairs stale start started starting stay
steady steal steam steel steep step stick stiff still stir stolen stomach stone stood stop stopped stopping store
straight strange stranger stream strength stretch strike strong struck stuck study stuff stupid subscribe succeed such
suck sucks suddenly sugar sumone sumthin sun sunday sunny sunrise sup surely surprised swallow swear sweat sweet
sweetest swim switch sword tail take taken takes taking talk talked talkin talking taught tbh teach teacher tear tears
teeth tell telling tells temperature terrible text tfw than thank thanks thankyou thanx that that'll that's thats the
their theirs them themselves then there there'll there's these they they're they've theyre thick thief thin thing
things think thinking thinks third thirsty thirty this tho those though thought thousand thread three threw throat
throne through throw thru ths tht thumb thunder thursday thx ticket tidy tight timer times tiny tired tldr tmr tmrw
today toe together told tomato tomorrow tongue tonight too took tool tooth totally tough toward towards towel tower
town toy traffic trash tree trick tried tries trip trouble trousers truck true trust truth try tryin trying tryna ttyl
tuesday turn turned turns tweet tweets twelve twenty twice twins two txt ugh ugly uncle understand understood until up
upset upstairs useful useless usually vegetable very view volume waist wait waited waiter waiting wake walk walking
wanna want wanted wants warning wash wasn't wasnt wassup waste watch watched watchin watching way ways we'll we're
we've weak wealth weapon wear wearing weather wednesday weekend weeks weird well went were weren't werent wet what
what're what's whatever whats wheel when whenever where where's wheres wherever whether which while white who who'd
who'll who's whoever whole whom whose why wide wife win wing winner winning wins wipe wire wisdom wise wish witch with
within without wiv wld wnt woman women won won't wonder wonderful wont wood wooden wool words work worked workin
working works world worried worry worse worst worth would wouldn't wouldnt wound wow wrap wrist write writing written
wrong wrote wtf wud wya wyd xoxo y'all yall yard yay yea yeah year years yeh yell yellow yep yes yess yesterday yet
you you'd you'll you're you've young your youre yours yourself yup
""".split()
WORDS = frozenset(_WORDS)


def english_share(words: Sequence[str]) -> float:
    """Return the share of words that are common English ones.

    >>> english_share("roll an eight sided die".split()), english_share("die Karte ist no".split())
    (0.4, 0.0)
    """
    known = sum(word in WORDS for word in words)
    return known / len(words) if known else 0.0
