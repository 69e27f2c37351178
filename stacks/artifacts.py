"""Build what is deployed: the shared layer (for Lambda, and for this machine to test) and the layer with the configuration."""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from footfall.configuration import Configuration
from footfall.errors import UnavailableError
from stacks.bytecode import compile_modules

ROOT: Final = Path(__file__).resolve().parent.parent

STAMP: Final = "inputs.sha256"
"""In every built folder: the hash of all it was made from. A folder whose stamp is current is used as it is, without network.

It is also the hash of the asset, so that two machines agree on it whether or not they had the interpreter for the bytecode.
"""

_NOISE: Final = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json")
"""What installers write about themselves into a .dist-info; it differs from run to run and nothing reads it at run time."""
_UNUSED: Final = ("aws_lambda_powertools/event_handler",)
"""Parts of packages that no function imports: routing of REST APIs, 2.7 of the 12 MB that the layer may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Where a layer runs: `python` and `glibc` (newest minor version of glibc 2) of a foreign machine, or None for this one."""

    name: str
    python: str | None = None
    machine: str = ""
    glibc: int = 0

    def uv_options(self) -> list[str]:
        """Write the platform as `uv pip install` takes it: one tag stands for all older ones."""
        return ["--python-platform", f"{self.machine}-manylinux_2_{self.glibc}", "--python-version", self.python] if self.python else []

    def pip_options(self) -> list[str]:
        """Write the platform as `pip install` takes it: pip accepts exactly the tags it is given."""
        if not self.python:
            return []
        tags = ["manylinux2014", *(f"manylinux_2_{minor}" for minor in range(17, self.glibc + 1))]
        platforms = [option for tag in tags for option in ("--platform", f"{tag}_{self.machine}")]
        return [*platforms, "--implementation", "cp", "--python-version", self.python]

    def identity(self) -> str:
        """Name everything about the platform that decides which wheels fit."""
        return (
            f"{self.python} {self.machine} {self.glibc}"
            if self.python
            else f"{sys.implementation.cache_tag} {platform.machine()} {sys.platform}"
        )


LAMBDA: Final = Platform(name="arm64", python="3.13", machine="aarch64", glibc=28)
"""Python 3.13 on Graviton; Amazon Linux 2023 has glibc 2.34, so 2.28 is safe."""
HOST: Final = Platform(name="host")
"""The interpreter that runs this: an aarch64 layer cannot be imported on an x86_64 machine, so tests build a second one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifacts:
    """The folders and the file that the stacks upload; everything else in a template is text."""

    layer: Path
    configuration: Path
    lambdas: Path = ROOT / "lambdas"
    webpage: Path = ROOT / "webpage"
    edge_function: Path = ROOT / "stacks" / "edge_function" / "answer_pixel.js"


def build_artifacts(configuration: Configuration, *, build: Path = ROOT / "build") -> Artifacts:
    """Build the layers to deploy under `build`.

    Raises:
        UnavailableError: as `build_layer`.
    """
    return Artifacts(layer=build_layer(LAMBDA, build=build), configuration=write_configuration(configuration, build=build))


def build_layer(target: Platform, *, root: Path = ROOT, build: Path = ROOT / "build") -> Path:
    """Make `build/layer-<name>/python/…` of the hashed lock and of `footfall` without its command line.

    Equal inputs give equal bytes wherever and whenever they are built, so the asset hash changes only when the content does.
    Wheels are fetched only when the lock changed; an edit of `footfall` needs no network.

    Raises:
        UnavailableError: wheels were needed and the installer failed; says what it said.
    """
    lock = root / "lambdas" / "layer" / "requirements.txt"
    source = root / "lambdas" / "layer" / "python" / "footfall"
    recipe = [target.identity().encode(), Path(__file__).read_bytes(), lock.read_bytes()]
    packages = _current(build / f"packages-{target.name}", _digest(recipe), lambda folder: _install(lock, folder / "python", target))

    def fill(folder: Path) -> None:
        shutil.copytree(packages / "python", folder / "python")
        for path in _shipped(source):
            copy = folder / "python" / "footfall" / path
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / path, copy)
        compile_modules(folder / "python", target.python)

    sources = [part for path in _shipped(source) for part in (str(path).encode(), (source / path).read_bytes())]
    return _current(build / f"layer-{target.name}", _digest([*recipe, *sources]), fill)


def write_configuration(configuration: Configuration, *, build: Path = ROOT / "build") -> Path:
    """Write the layer that holds what is per site: `build/configuration-<name>/footfall/configuration.json`, so that stages do not meet."""
    text = configuration.to_json()

    def fill(folder: Path) -> None:
        (folder / "footfall").mkdir()
        (folder / "footfall" / "configuration.json").write_text(text, encoding="utf-8")

    return _current(build / f"configuration-{configuration.name}", _digest([text.encode()]), fill)


NOT_IN_LAYER: Final = frozenset(
    {
        "cli",
        "importing",
        "sql",
        "aws/storage.py",
        "aws/queries.py",
        "aws/queue_admin.py",
        "queueing/failures.py",
        "queueing/one_message.py",
        "queueing/redrive.py",
    }
)
"""Parts of the package that no function needs: an edit of them must not deploy the functions anew."""


def _shipped(source: Path) -> Iterator[Path]:
    for path in sorted(source.rglob("*")):
        part = path.relative_to(source)
        if (
            path.is_file()
            and part.parts[0] not in NOT_IN_LAYER
            and part.as_posix() not in NOT_IN_LAYER
            and "__pycache__" not in part.parts
            and not path.name.startswith(".")
        ):
            yield part


def hash_of(folder: Path) -> str:
    """The hash of all that a built folder was made from."""
    return (folder / STAMP).read_text(encoding="ascii")


def _digest(parts: Sequence[bytes]) -> str:
    return hashlib.sha256(b"".join(len(part).to_bytes(8) + part for part in parts)).hexdigest()


def _current(folder: Path, key: str, fill: Callable[[Path], None]) -> Path:
    if _stamp_of(folder) == key:
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as workshop:
        fresh = Path(workshop) / "fresh"
        fresh.mkdir()
        fill(fresh)
        (fresh / STAMP).write_text(key, encoding="ascii")
        _make_readable(fresh)
        if folder.exists():
            folder.rename(Path(workshop) / "replaced")
        try:
            fresh.rename(folder)  # whole or not at all: nobody ever sees half a layer
        except OSError:
            if _stamp_of(folder) != key:  # else somebody else built the same at the same time
                raise
    return folder


def _stamp_of(folder: Path) -> str | None:
    stamp = folder / STAMP
    return stamp.read_text(encoding="ascii") if stamp.is_file() else None


def _install(lock: Path, folder: Path, target: Platform) -> None:
    common = [
        "--quiet",
        "--require-hashes",
        "--no-deps",
        "--no-compile",
        "--only-binary",
        ":all:",
        "--target",
        str(folder),
        "-r",
        str(lock),
    ]
    beside = Path(sys.executable).parent / "uv"
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv:
        command = [uv, "pip", "install", "--python", sys.executable, "--link-mode", "copy", *target.uv_options(), *common]
    else:
        command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *target.pip_options(), *common]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own words and paths only
    if done.returncode:
        said = "\n".join(f"    {line}" for line in (done.stderr or done.stdout).strip().splitlines()[-12:])
        raise UnavailableError(
            f"the {target.name} layer could not be built: `{' '.join(command[:4])} …` ended with {done.returncode}:\n{said}"
        )
    _remove_noise(folder)


def _remove_noise(folder: Path) -> None:
    for unused in _UNUSED:
        shutil.rmtree(folder / unused, ignore_errors=True)
    shutil.rmtree(folder / "bin", ignore_errors=True)  # scripts of packages: their first line names this machine's Python
    (folder / ".lock").unlink(missing_ok=True)
    for path in sorted(folder.rglob("*")):
        if path.name == "__pycache__":
            shutil.rmtree(path)
        elif path.name in _NOISE and path.parent.suffix == ".dist-info":
            path.unlink()


def _make_readable(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chmod(path, 0o755 if path.is_dir() else 0o644)  # noqa: PTH101  Lambda reads layers as another user than the one who deploys
