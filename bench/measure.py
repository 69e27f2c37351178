"""Take measurements that neighbours on the machine disturb little: CPU time, alternating candidates, medians, fresh processes."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_IMPORT = "import time; started = time.process_time(); {statement}; print(time.process_time() - started)"


def alternate(rounds: Sequence[T], candidates: Mapping[str, Callable[[T], object]]) -> dict[str, list[float]]:
    """CPU seconds of every candidate for every round: A B C, A B C, …; each round has its own input, the same for all."""
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for given in rounds:
        for name, candidate in candidates.items():
            started = time.process_time()
            candidate(given)
            seconds[name].append(time.process_time() - started)
    return seconds


def median_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> float:
    """The median of the ratios round by round: what slows one round down slows all its candidates."""
    return statistics.median(numerator / denominator for numerator, denominator in zip(numerators, denominators, strict=True))


def import_ms(statement: str, *, path: Sequence[Path], environment: Mapping[str, str], runs: int = 9) -> float:
    """CPU milliseconds that a statement takes in a fresh interpreter which sees only `path`: the median, after one run to warm up."""
    taken = [float(_python(_IMPORT.format(statement=statement), path, environment)) for _ in range(runs + 1)]
    return 1000 * statistics.median(taken[1:])


def peak_mb(program: str, *arguments: str, path: Sequence[Path]) -> float:
    """The largest resident set, in MB, of a fresh interpreter that runs a program; the program prints it in KiB."""
    return float(_python(program, path, {}, *arguments)) * 1024 / 1e6


def _python(program: str, path: Sequence[Path], environment: Mapping[str, str], *arguments: str) -> str:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
    variables = inherited | {"PYTHONPATH": os.pathsep.join(map(str, path))} | dict(environment)
    done = subprocess.run([sys.executable, "-S", "-c", program, *arguments], env=variables, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def size_mb(folder: Path) -> float:
    """Megabytes (10^6 bytes) of all files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
