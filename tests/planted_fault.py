"""Make our own code fail at any one of its functions: the fault that nobody foresees."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

PACKAGE = "/footfall/"


class PlantedError(Exception):
    """Stands for a defect; its text is what no log, metric or letter may repeat."""

    def __init__(self) -> None:
        super().__init__("secret of a visitor")


def functions_called(run: Callable[[], object], *, below: Callable[..., Any]) -> list[CodeType]:
    """Every function of the package that `run` reaches from within `below`, once, in the order in which they are first called."""
    found: dict[CodeType, None] = {}
    seam = below.__code__

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and PACKAGE in frame.f_code.co_filename and frame.f_code is not seam and _is_below(frame, seam):
            found[frame.f_code] = None

    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(None)
    return list(found)


@contextmanager
def planted(code: CodeType, *, below: Callable[..., Any]) -> Iterator[list[str]]:
    """Let the first call of a function fail that comes from within `below`; yields its name once it did."""
    failed: list[str] = []

    def fail(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code is code and not failed and _is_below(frame, below.__code__):
            failed.append(code.co_qualname)
            raise PlantedError

    sys.setprofile(fail)
    try:
        yield failed
    finally:
        sys.setprofile(None)


def _is_below(frame: FrameType, seam: CodeType) -> bool:
    above = frame.f_back
    while above is not None:
        if above.f_code is seam:
            return True
        above = above.f_back
    return False
