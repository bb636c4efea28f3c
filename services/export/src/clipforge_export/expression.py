"""A path as an expression for ffmpeg: a balanced tree of conditions on the time.

ffmpeg's parser gives up on 99 nested conditions; a balanced tree of 1,000 keys works.
"""

from collections.abc import Sequence
from itertools import pairwise

from clipforge_export.reframing import Key


def follow(keys: Sequence[Key]) -> str:
    """The window's left edge as a function of `t`."""
    if len(keys) == 1 or len({x for _, x in keys}) == 1:
        return f"{keys[0][1]:g}"
    return _tree(list(pairwise(keys)))


def _tree(pieces: Sequence[tuple[Key, Key]]) -> str:
    if len(pieces) == 1:
        return _line(*pieces[0])
    middle = len(pieces) // 2
    turn = pieces[middle][0][0]
    return f"if(lt(t,{turn:g}),{_tree(pieces[:middle])},{_tree(pieces[middle:])})"


def _line(start: Key, end: Key) -> str:
    (t0, x0), (t1, x1) = start, end
    if x0 == x1 or t1 <= t0:
        return f"{x1:g}"
    return f"({x0:g}+{(x1 - x0) / (t1 - t0):.5g}*(t-{t0:g}))"
