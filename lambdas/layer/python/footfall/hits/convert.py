"""Turn a parameter's text into the type of its column, or say that it does not fit."""

import math
import re
from typing import Final

from footfall.privacy import mask, parse_address, truncate_address

_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")
_DECIMAL: Final = re.compile(r"-?[0-9]{1,300}(?:\.[0-9]{1,300})?(?:[eE][+-]?[0-9]{1,3})?")
_ADDRESS_SHAPE: Final = re.compile(r"(?=[^:.]*[:.][^:.]*[:.])[0-9a-fA-F:.]{2,45}(?:%.*)?", re.DOTALL)  # behind a %: a zone, fe80::1%eth0

FLAGS: Final = {"1": True, "true": True, "0": False, "false": False}


def to_integer(text: str) -> int | None:
    """A whole number of at most 18 digits, else None.

    >>> to_integer("-42"), to_integer("4 2")
    (-42, None)
    """
    return int(text) if _INTEGER.fullmatch(text) else None


class _Integers(dict[str, int | None]):
    """`to_integer` by look-up: most are milliseconds, and found in 0.05 us; to match and convert takes 0.5."""

    def __missing__(self, text: str) -> int | None:
        return to_integer(text)


INTEGERS: Final = _Integers((str(number), number) for number in range(2000))


def to_decimal(text: str) -> float | None:
    """A finite number, else None.

    >>> to_decimal("9.90"), to_decimal("1e400")
    (9.9, None)
    """
    if not _DECIMAL.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def shown(value: str, *, is_masked: bool) -> str:
    """A value that is kept without a column: an IP address is truncated whatever its name; masked, only its shape is left.

    >>> shown("198.51.100.77", is_masked=False), shown("Jane", is_masked=True)
    ('198.51.100.0', 'aaaa')
    """
    if is_masked:
        return mask(value)
    if (":" in value or "." in value) and _ADDRESS_SHAPE.fullmatch(value) and parse_address(value) is not None:
        address = parse_address(value.partition("%")[0])
        return value if address is None else truncate_address(address)
    return value
