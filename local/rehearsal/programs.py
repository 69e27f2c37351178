"""Run the programs that a person deploying runs: app.py and the CDK command line, with what they say kept for when they fail."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from footfall.errors import StoppedError, UnavailableError
from local.edge_function import node_path
from local.rehearsal.processes import running

REPOSITORY: Final = Path(__file__).parents[2]
ENVIRONMENT: Final = REPOSITORY / ".venv-rehearse"
PYTHON: Final = ENVIRONMENT / "bin" / "python"
"""The interpreter that has MiniStack."""
_CDK: Final = ENVIRONMENT / "cdk" / "node_modules" / "aws-cdk" / "bin" / "cdk"
_TIMEOUT_S: Final = 300.0
_LAYER: Final = "from stacks.artifacts import HOST, build_layer; print(build_layer(HOST))"
"""`local` and `stacks` do not know each other, so the layer for this machine is built in a process of its own."""


class Programs:
    """The programs of a rehearsal in a folder: what each says goes to `<folder>/<name>.log`.

    Raises:
        StoppedError: the rehearsal's environment is not installed.
    """

    def __init__(self, folder: Path) -> None:
        missing = [path.relative_to(REPOSITORY) for path in (PYTHON, _CDK) if not path.exists()]
        if missing:
            raise StoppedError(f"{missing[0]} is missing; `make rehearse` installs it")
        self._folder = folder
        self._node = Path(node_path())
        self.path = os.pathsep.join([str(self._node.parent), os.environ.get("PATH", os.defpath)])

    def synthesise(self, configuration: Path) -> Path:
        """Write the cloud assembly with app.py, as it is, of this footfall.toml."""
        assembly = self._folder / "assembly"
        self._run("synth", [sys.executable, "app.py", str(configuration)], {**os.environ, "CDK_OUTDIR": str(assembly)}, REPOSITORY)
        return assembly

    def build_layer(self) -> Path:
        """Build the shared layer for this machine; returns its folder."""
        return Path(self._run("layer", [sys.executable, "-c", _LAYER], os.environ, REPOSITORY).splitlines()[-1])

    def cdk(self, *arguments: str, environment: Mapping[str, str]) -> str:
        """Run one command of the CDK command line; returns all it said.

        Raises:
            UnavailableError: it failed, or took too long.
        """
        home = {"HOME": str(self._folder / "home"), "CDK_DISABLE_CLI_TELEMETRY": "1"}
        command = [str(self._node), str(_CDK), "--no-notices", "--no-version-reporting", "--ci", "--no-color", *arguments]
        return self._run(f"cdk-{arguments[0]}", command, {**home, **environment}, self._folder)  # a folder without cdk.json

    def _run(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> str:
        log = self._folder / f"{name}.log"
        paths = {"PATH": self.path, "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'lambdas' / 'layer' / 'python'}"}
        with running(command, environment={**environment, **paths}, folder=folder, log=log) as process:
            try:
                code = process.wait(_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                raise UnavailableError(f"{name} took longer than {_TIMEOUT_S:.0f} s") from None
        said = log.read_text("utf-8", "replace")
        if code:
            raise UnavailableError(f"{name} ended with {code}: {complaint(said)}")
        return said


def complaint(said: str) -> str:
    r"""The first line that speaks of a failure, else the last one, of what a program said.

    >>> complaint("deploying\n\nThe stack is broken: ToolkitError: no\n    at someplace.js\n")
    'The stack is broken: ToolkitError: no'
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    failures = [line for line in lines if "error" in line.lower() or "failed" in line.lower()]
    return (failures or lines[-1:] or ["it said nothing"])[0][:500]
