"""`python -m bench [NAME …] [--seed N] [--lines N]`: run the named benchmarks, or all."""

import argparse
import sys
from collections.abc import Callable
from typing import Final

from bench import drain, enqueue, import_logs, transform

BENCHMARKS: Final[dict[str, Callable[[int], int]]] = {
    "transform": transform.run,
    "import": import_logs.run,
    "enqueue": enqueue.run,
    "drain": drain.run,
}


def main(arguments: list[str]) -> int:
    """Run the benchmarks named; returns 0 when all could be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Each benchmark ends in one line: bench NAME key=value …")
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--seed", type=int, default=transform.DEFAULT_SEED, help="of the generated input (default: %(default)s)")
    parser.add_argument("--lines", type=int, default=import_logs.LINES, help="of the file that is imported (default: %(default)s)")
    given = parser.parse_args(arguments)
    benchmarks: dict[str, Callable[[int], int]] = BENCHMARKS | {"import": lambda seed: import_logs.run(seed, given.lines)}
    return max([benchmarks[name](given.seed) for name in given.names or benchmarks])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
