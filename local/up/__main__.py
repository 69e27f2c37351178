"""`make up`: keep the whole pipeline running on this machine, with a page that shows what becomes of each request."""

import argparse
import queue
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from local.functions import REPOSITORY
from local.up.parts import Stops
from local.up.run import Options, serve
from local.up.terminal import Terminal

PORT: Final = 8080
_LAST_PORT: Final = 65_535
_EPILOG: Final = """\
examples:
  make up                                  the page on http://localhost:8080
  make up ARGS="--port 9000"               another port; the edge takes 9001
  make up ARGS="--keep ~/footfall"         rows, deliveries and salts outlive a restart

exit codes: 0 stopped, 1 failed, 2 usage or configuration, 3 port or folder in use, 4 not permitted, 5 disk full
"""


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; ends the process with 2 and one line when it is wrong."""
    parser = argparse.ArgumentParser(
        prog="make up", description=__doc__, epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=_port, default=PORT, help="port of the page, 0 for any free one (default: %(default)s)")
    parser.add_argument("--edge-port", type=_port, help="port of the edge, where pixels are answered (default: the page's + 1)")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep rows, requests, salts and what is undelivered in DIR across restarts"
    )
    parser.add_argument(
        "--configuration", type=Path, default=REPOSITORY / "local" / "demo.toml", help="a footfall.toml (default: the demo's)"
    )
    chosen = parser.parse_args(arguments)
    edge_port = chosen.edge_port if chosen.edge_port is not None else chosen.port and chosen.port + 1
    if edge_port > _LAST_PORT or (edge_port and edge_port == chosen.port):
        parser.error(f"--edge-port {edge_port}: allowed is 0 to {_LAST_PORT}, and another than --port {chosen.port}")
    return Options(port=chosen.port, edge_port=edge_port, keep=chosen.keep and chosen.keep.expanduser(), configuration=chosen.configuration)


def _port(text: str) -> int:
    """A port number, 0 for any.

    Raises:
        ArgumentTypeError: it is not one.
    """
    if not text.isascii() or not text.isdecimal() or int(text) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r}: allowed is 0 to {_LAST_PORT}")
    return int(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C or SIGTERM; returns the exit code."""
    options = parse(arguments)
    stops: Stops = queue.SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stops.put(None))
    return serve(options, stops, Terminal())


if __name__ == "__main__":
    sys.exit(main())
