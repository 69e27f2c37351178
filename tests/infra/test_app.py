"""`python app.py`: what it writes, and what it says when footfall.toml is wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stacks import node
from stacks.artifacts import ROOT
from tests.infra.templates import Templates


def run_app(*arguments: str, outdir: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "app.py"), *arguments],
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "CDK_OUTDIR": str(outdir)},
        cwd=outdir.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def test_another_process_in_another_folder_writes_the_same_templates(shipped: Templates, tmp_path: Path) -> None:
    """And it needs no credentials, no region and no make."""
    done = run_app(outdir=tmp_path / "out")

    assert (0, "") == (done.returncode, done.stderr)
    for kind in ("*.template.json", "*.assets.json"):
        written = {path.name: json.loads(path.read_text()) for path in (tmp_path / "out").glob(kind)}
        assert written == {path.name: json.loads(path.read_text()) for path in shipped.folder.glob(kind)}


def test_a_wrong_file_is_answered_with_every_problem_at_once(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('name = "Not A Name"\n[stream]\nshards = -1\n[edge]\nsampling_rate = 0\nlog_fields = ["c-ip"]\n[lakes]\nkeep = 1\n')

    done = run_app(str(wrong), outdir=tmp_path / "out")

    assert (2, "") == (done.returncode, done.stdout)
    for problem in ("name = 'Not A Name'", "stream.shards = -1", "edge.sampling_rate = 0", "'timestamp' is required", "lakes"):
        assert problem in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"= = =", b"name", b"[" * 100_000, None])
def test_any_bytes_for_a_file_are_answered_without_a_traceback(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "footfall.toml"
    if content is not None:
        file.write_bytes(content)

    done = run_app(str(file), outdir=tmp_path / "out")

    assert 2 == done.returncode
    assert done.stderr.startswith(f"{file}: 1 problem")
    assert "Traceback" not in done.stderr


def test_node_comes_from_the_package_unless_the_environment_names_one() -> None:
    packaged: dict[str, str] = {}
    node.use_packaged_node(packaged)
    chosen = {"JSII_NODE": "/usr/local/bin/node"}
    node.use_packaged_node(chosen)

    assert Path(packaged["JSII_NODE"]).is_file()
    assert {"JSII_NODE": "/usr/local/bin/node"} == chosen


def test_the_command_line_runs_the_app_without_make() -> None:
    assert "python3 app.py" == json.loads((ROOT / "cdk.json").read_text())["app"]
