"""Numbers of the command line, each between two bounds, so that nonsense goes no further than the parser."""

import argparse
from collections.abc import Callable
from typing import TypeVar

Number = TypeVar("Number", int, float)


def bounded(kind: Callable[[str], Number], least: Number, most: Number) -> Callable[[str], Number]:
    """Make the `type` of an option: an int or a float from `least` to `most`; anything else, nan too, says what is allowed.

    >>> bounded(int, 1, 9)("7")
    7
    """

    def read(text: str) -> Number:
        try:
            number = kind(text)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            wanted = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"{text!r}: allowed is {wanted} from {least:g} to {most:g}")
        return number

    return read
