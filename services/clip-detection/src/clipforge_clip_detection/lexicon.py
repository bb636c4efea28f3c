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
    fear hard hate hurt impossible kill lose losing lost mistake no not pain painful poor
    problem risk sad sick struggle stupid suffer terrible ugly war worst wrong"""
)
SECOND_PERSON: Final = _words("""you you'll you're you've your yours yourself""")
FIRST_PERSON: Final = _words("""i i'm i've me mine my myself our us we""")
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
# Housekeeping, not content.
META: Final = (
    *("subscribe", "sponsor", "promo code", "this episode", "this podcast", "our show", "patreon"),
    *("link in the", "check out", "thanks for listening", "thank you for listening"),
    *("support this", "brought to you", "welcome to"),
)
