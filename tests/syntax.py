"""Programs as trees."""

import ast
import gc


def tree(program: str) -> ast.Module:
    """The program's syntax, with no garbage collected meanwhile.

    In CPython 3.11 a parser that runs inside another one spoils its count of the depth (SystemError
    "recursion depth mismatch"), and a collected object whose finalizer fails leads there: its
    traceback is shown with the place in the line, for which the line is parsed.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(program)
    finally:
        if collecting:
            gc.enable()
