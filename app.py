"""The CDK app: read footfall.toml, compose the stacks, write the templates. `python app.py [FILE]`, or `cdk deploy`."""

import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "lambdas" / "layer" / "python"))

from footfall.configuration import Configuration  # noqa: E402  after the path
from footfall.errors import ConfigurationError, FootfallError  # noqa: E402  after the path
from stacks.artifacts import build_artifacts  # noqa: E402  after the path
from stacks.node import use_packaged_node  # noqa: E402  after the path


def main(file: Path) -> None:
    """Synthesise what `file` configures, into cdk.out unless the CDK command line says otherwise."""
    configuration = Configuration.load(file)
    use_packaged_node()
    from stacks.deployment import compose  # noqa: PLC0415  importing CDK takes a second and a Node.js; a wrong file needs neither

    flags = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    outdir = None if "CDK_OUTDIR" in os.environ else ROOT / "cdk.out"
    compose(configuration, build_artifacts(configuration), flags=flags, outdir=outdir).synth()


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "footfall.toml")
    except ConfigurationError as wrong:
        sys.stderr.write(f"{wrong}\n")
        sys.exit(2)
    except FootfallError as failed:
        sys.stderr.write(f"{failed}\n")
        sys.exit(1)
