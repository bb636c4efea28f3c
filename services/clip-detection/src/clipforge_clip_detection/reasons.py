"""Why a clip was chosen, in sentences that show their evidence."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from clipforge_clip_detection import lexicon
from clipforge_clip_detection.excerpts import quoted
from clipforge_clip_detection.features import tokens
from clipforge_clip_detection.hashtags import Theme
from clipforge_clip_detection.sentences import Sentence

REASONS: Final = 3
QUOTE: Final = 60  # letters of a quotation
HIGH: Final = 0.75  # better than three quarters of the film
CENTRAL: Final = 3  # sentences of a film that name what it is about
LIVELY: Final = 3.0  # words a second, a brisk podcast


def reasons(
    factors: Mapping[str, float], inside: Sequence[Sentence], themes: Sequence[Theme]
) -> list[str]:
    """What speaks for the clip, the strongest first, at most three."""
    said = {
        "foretold": _foretold(factors["foretold"]),
        "hook": _hook(inside[0], factors["hook"]),
        "content": _content(factors["content"]),
        "focus": _focus(themes, factors["focus"]),
        "emotion": _emotion(inside, factors["emotion"]),
        "density": _density(inside, factors["density"]),
    }
    # Nothing speaks for a clip like an editor who has chosen it.
    strong = sorted(
        filter(said.get, said), key=lambda name: (name != "foretold", -factors[name], name)
    )
    return [said[name] for name in strong][:REASONS] or [_plain(factors)]


def _foretold(factor: float) -> str:
    return "The film announces this moment at its beginning." if factor else ""


def _hook(opening: Sentence, factor: float) -> str:
    if opening.asks:
        return f"Opens with a question: {quoted(opening.text, QUOTE)}"
    strong = set(tokens(opening.text)) & (lexicon.HOOKS | lexicon.ABSOLUTES)
    return f"Opens strongly: {quoted(opening.text, QUOTE)}" if strong and factor >= HIGH else ""


def _content(factor: float) -> str:
    share = min(math.floor(100 * factor), 99)
    return f"More like what editors pick than {share} % of this film." if factor >= HIGH else ""


def _focus(themes: Sequence[Theme], factor: float) -> str:
    central = [theme.word for theme in themes if theme.sentences >= CENTRAL]
    named = ", ".join(central[:3])
    return f"At the heart of the film: {named}." if factor >= HIGH and len(central) > 1 else ""


def _emotion(inside: Sequence[Sentence], factor: float) -> str:
    words = [word for sentence in inside for word in tokens(sentence.text)]
    strong = list(dict.fromkeys(word for word in words if word in lexicon.STRONG))
    return f"Strong words: {', '.join(strong[:3])}." if factor >= HIGH and len(strong) > 1 else ""


def _density(inside: Sequence[Sentence], factor: float) -> str:
    rate = sum(s.words for s in inside) / sum(s.seconds for s in inside)
    brisk = factor >= HIGH and rate >= LIVELY
    return f"Says much in little time: {rate:.1f} words a second." if brisk else ""


def _plain(factors: Mapping[str, float]) -> str:
    if factors["self_contained"] == 1 and factors["ending"] > 0.5:
        return "Begins and ends with whole sentences that stand by themselves."
    return "The best of this film at the length that was asked for."
