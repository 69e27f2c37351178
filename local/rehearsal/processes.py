"""Start the programs of a rehearsal so that each, with all it starts, ends with it, however the rehearsal ends."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

_LEASH: Final = Path(__file__).with_name("leash.py")


@contextlib.contextmanager
def running(command: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """Run a program in a folder; what it says goes to `log`. It leads a process group, and the whole group ends on the way out.

    Ctrl-C on a terminal does not reach the group: we end it.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-I", _LEASH, *command],
            env=environment,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        end_group(process)


def end_group(process: "subprocess.Popen[bytes]") -> None:
    """End a process that leads its group, and all of the group: nothing of it has anything to save."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin:
        process.stdin.close()
