"""Compile a layer's modules for the Python that runs it: a cold start that has to compile them takes half as long again."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

LAYER_PATH: Final = "/opt/python"
"""Where Lambda puts the `python/` folder of a layer."""


def compile_modules(folder: Path, python: str | None, *, environment: Mapping[str, str] = os.environ) -> bool:
    """Write `__pycache__` beside the modules under `folder`, for `python` ("3.13"; None: this interpreter); whether it could.

    Bytecode is only valid for one minor version, so it is left out where that interpreter is not found: everything works
    without. It is marked as unchecked, since times of files do not survive the upload, and names the files as Lambda sees them.
    """
    interpreter = _find(python, environment)
    if interpreter is None:
        return False
    as_deployed = ["-s", str(folder), "-p", LAYER_PATH]
    command = [interpreter, "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", *as_deployed, str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603  our own words and paths only


def _find(python: str | None, environment: Mapping[str, str]) -> str | None:
    if python in (None, f"{sys.version_info.major}.{sys.version_info.minor}"):
        return sys.executable
    return next((candidate for candidate in _candidates(str(python), environment) if _is_version(candidate, str(python))), None)


def _candidates(python: str, environment: Mapping[str, str]) -> Iterator[str]:
    on_path = shutil.which(f"python{python}", path=environment.get("PATH"))
    if on_path:
        yield on_path
    pyenv = Path(environment.get("PYENV_ROOT") or Path(environment.get("HOME", "/")) / ".pyenv")
    yield from (str(found) for found in sorted(pyenv.glob(f"versions/{python}.*/bin/python{python}")))


def _is_version(interpreter: str, python: str) -> bool:
    asked = subprocess.run(  # noqa: S603  a name we composed
        [interpreter, "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() == python
