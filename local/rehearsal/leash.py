"""Run a command that ends with whoever started it: `python -I leash.py COMMAND …`, leader of a process group of its own.

When standard input ends, which it does when the other side is gone for whatever reason (`kill -9` too), the whole group is ended.
"""

import os
import signal
import subprocess
import sys
import threading


def main() -> int:
    """Run the command; returns its exit status."""
    threading.Thread(target=_end_with_input, daemon=True).start()
    code = subprocess.call(sys.argv[1:], stdin=subprocess.DEVNULL)
    return code if code >= 0 else 128 - code  # as a shell says that a signal ended it


def _end_with_input() -> None:
    while os.read(sys.stdin.fileno(), 1024):  # not the buffered reader: its lock would be held when the interpreter ends
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
