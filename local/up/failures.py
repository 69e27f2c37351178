"""Say in one line what keeps `make up` from running, and give each cause its exit code."""

import errno
from typing import Final

from footfall.errors import ConfigurationError, FootfallError, StoppedError

FAILED: Final = 1
USAGE: Final = 2
IN_USE: Final = 3
NOT_PERMITTED: Final = 4
DISK_FULL: Final = 5

_CODES: Final = {
    errno.EADDRINUSE: IN_USE,
    errno.EACCES: NOT_PERMITTED,
    errno.EPERM: NOT_PERMITTED,
    errno.EROFS: NOT_PERMITTED,
    errno.ENOSPC: DISK_FULL,
    errno.EDQUOT: DISK_FULL,
    errno.ENOENT: USAGE,
    errno.ENOTDIR: USAGE,
    errno.EEXIST: USAGE,
}

_WHAT_NOW: Final = {
    USAGE: "choose a folder with --keep",
    IN_USE: "choose another with --port",
    NOT_PERMITTED: "choose a folder of your own with --keep, or a port above 1023 with --port",
    DISK_FULL: "make room and start again",
}


def explain(failure: OSError | FootfallError, *, port: int | None = None) -> tuple[str, int]:
    """The sentence and the exit code of a failure; `port` when it was about listening there.

    >>> explain(OSError(errno.ENOSPC, "No space left on device", "lake/x.parquet"))
    ('No space left on device: lake/x.parquet; make room and start again', 5)
    """
    if isinstance(failure, FootfallError):
        text = " ".join(str(failure).split())
        return text, USAGE if isinstance(failure, ConfigurationError) else IN_USE if isinstance(failure, StoppedError) else FAILED
    code = _CODES.get(failure.errno or 0, FAILED)
    where = f"port {port}" if port is not None else str(failure.filename or "")
    said = failure.strerror or type(failure).__name__
    what_now = f"; {_WHAT_NOW[code]}" if code in _WHAT_NOW else ""
    return f"{said}{': ' if where else ''}{where}{what_now}", code
