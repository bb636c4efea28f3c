"""Words that say something about how a sentence works, whatever it is about."""

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


HOOKS: Final = _words(
    """actually best biggest changed crazy discovered everyone first how imagine important key
    learned lesson mistake moment never nobody problem realize reason remember secret story
    surprising truth what why worst wrong"""
)
ABSOLUTES: Final = _words(
    """absolutely all always completely entire entirely every everybody everything impossible most
    must never nobody none nothing only totally"""
)
NEGATIVE: Final = _words(
    """afraid angry awful bad broken crisis danger dangerous death die died fail failed failure
    fear hard hate hurt impossible kill lose losing lost mistake pain painful poor
    problem risk sad sick struggle stupid suffer terrible ugly war worst wrong attack afraid cruel
    destroy destroyed disaster enemy evil fight guilt kills killed lie lies lonely murder scared
    shame suffering threat tragedy trauma victim violence violent weak worse"""
)
SECOND_PERSON: Final = _words("""you you'll you're you've your yours yourself""")
FIRST_PERSON: Final = _words("""i i'd i'm i've me mine my myself""")
WE: Final = _words("""our ours ourselves us we we'd we'll we're we've""")
NEGATIONS: Final = _words(
    """ain't aren't can't cannot couldn't didn't doesn't don't isn't never no none nor not nothing
    shouldn't wasn't weren't without won't wouldn't"""
)
FILLERS: Final = _words("""basically er hmm kind like literally sort uh um""")
CONTRAST: Final = _words("""although but except however instead though unless yet""")
# An opening that points back at something the viewer has not heard.
POINTS_BACK: Final = _words(
    """also and because he he's her him his it it's or she she's so that that's their them then
    these they they're this those too which"""
)
STOPWORDS: Final = _words(
    """a about after again all also am an and any are as at be because been before being but by can
    could did do does doing don't down for from get go going got had has have he her here him
    his how i i'm if in into is it it's its just know like made make many me mean more most much
    my no not now of off on one only or other our out over people really right said say see she
    so some something that that's the their them then there these they they're thing things
    think this those through time to too up us very want was way we well were what when where
    which who why will with would yeah yes you you're your"""
)
# Too common, in whatever film, to name what a clip is about.
DULL: Final = STOPWORDS | _words(
    """able actually almost already always another anybody anyone anything around away back bad
    basically become becomes better bit came cause certain come comes coming course day days
    definitely does doing done each either else end enough even ever every everybody everyone
    everything exactly example fact feel felt few find first gave getting give given gives goes
    gonna gotta great guess guys happen happened happens hard having hear help high i'd idea
    interesting keep kind last least less let let's likely literally little long looking look lots
    alright neither
    love making man maybe might moment mostly much must myself need needs never next nice nobody
    none nothing often okay old once ones order others own part people perhaps person place point
    possible pretty probably put question quite rather ready real reason same saw saying says second
    seem seems seen sense several shall should since sometimes somebody someone somewhere sort
    start started still stuff such sure take taken takes talk talked talking tell than thank thanks
    thought three times today together told took totally tried trying turn two type under
    understand until upon use used using usually wanted wants ways week went whatever whether while
    whole who's without wonder work works world worth wouldn't year years yet you'd yourself"""
)
# A title must not end with these: something is missing behind them.
DANGLING: Final = _words(
    """a about an and are as at because but by can do for from had has have he i if in into is it
    its it's like my no not of on or our she so that the their they this to very was we were what
    when where which who will with would you your"""
)
# A title may begin with these only as a question.
ASKING: Final = _words(
    """are can could did do does has have how is should was were what when where which who why will
    would"""
)
# A title must not begin with these: it would be a piece of a sentence.
FRAGMENT: Final = _words(
    """about as at by especially for from into just like nor not of on only onto out over per than
    though through to toward towards under until up upon very via while whose with within without"""
)
# What a listener says while another speaks.
BACKCHANNEL: Final = _words(
    """absolutely ah exactly hm hmm huh mhm mm no oh ok okay right sure true uh um wow yeah yep
    yes"""
)
# Never a hashtag, whoever says it.
RUDE: Final = _words(
    """ass asses asshole bastard bitch bitches bollocks bullshit cock cocks crap cunt damn dick
    dicks fuck fucked fucker fucking goddamn motherfucker motherfucking nigga nigger piss pissed
    porn prick pussy shit shitty slut sluts tits whore"""
)
# A clause that begins with these leans on another.
TIES: Final = FRAGMENT | _words(
    """after although and because before but during either except how if in instead like maybe
    neither once or otherwise rather since so that then there these this those unless until what
    whatever when whenever where wherever whether which who whom why yet"""
)
STRONG: Final = NEGATIVE | (ABSOLUTES - _words("all most must only"))
# Housekeeping, not content.
META: Final = (
    *("subscribe", "sponsor", "promo code", "this episode", "this podcast", "our show", "patreon"),
    *("link in the", "check out", "thanks for listening", "thank you for listening"),
    *("support this", "brought to you", "welcome to"),
)
# The same, and how shows end. Apart, for the weights were trained with META as it is.
HOUSEKEEPING: Final = (
    *META,
    *("call it a show", "call that a show", "call this a show", "final words", "show notes"),
    *("see you next", "talk to you next", "talk to you all next", "thanks for having me"),
    *("thank you for having me", "thanks for coming on", "thanks for watching", "next episode"),
    *("been a blast", "hit the bell", "like button", "discount code", "bye"),
)
