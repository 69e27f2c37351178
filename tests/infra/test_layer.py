"""How the layers are built: the same inputs give the same bytes, and nothing is fetched when nothing changed."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from footfall.configuration import Configuration, Site, Sites
from footfall.errors import UnavailableError
from footfall.functions import CONFIGURATION_PATH
from stacks import artifacts
from stacks.artifacts import HOST, LAMBDA, ROOT, build_layer, write_configuration
from stacks.bytecode import compile_modules
from stacks.node import use_packaged_node

LAYER = Path("lambdas") / "layer"


def a_checkout(folder: Path, *, like: Path = ROOT, modified_at: int | None = None) -> Path:
    """A copy of what the layer is made of, in another place and of another time."""
    shutil.copytree(like / LAYER / "python" / "footfall", folder / LAYER / "python" / "footfall")
    shutil.copyfile(like / LAYER / "requirements.txt", folder / LAYER / "requirements.txt")
    if modified_at is not None:
        for path in folder.rglob("*"):
            os.utime(path, (modified_at, modified_at))
    return folder


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_checkout(tmp_path_factory.mktemp("checkout"))


def no_installer(*_arguments: object, **_options: object) -> None:
    raise AssertionError("an installer was started")


def test_the_same_sources_give_the_same_asset_hash_in_another_place_and_at_another_time(checkout: Path, tmp_path: Path) -> None:
    use_packaged_node()
    from aws_cdk import FileSystem

    elsewhere = a_checkout(tmp_path / "elsewhere", like=checkout, modified_at=1_000_000_000)
    (elsewhere / LAYER / "python" / "footfall" / "__pycache__").mkdir(exist_ok=True)
    (elsewhere / LAYER / "python" / "footfall" / "__pycache__" / "stray.pyc").write_bytes(b"compiled by somebody")

    layers = [build_layer(LAMBDA, root=checkout, build=checkout / "build"), build_layer(LAMBDA, root=elsewhere, build=tmp_path / "build")]

    assert FileSystem.fingerprint(str(layers[0])) == FileSystem.fingerprint(str(layers[1]))


def test_a_changed_source_gives_another_layer_without_an_installer(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = a_checkout(tmp_path / "changed", like=checkout)
    before = (build_layer(HOST, root=changed, build=tmp_path / "build") / artifacts.STAMP).read_text()
    monkeypatch.setattr(artifacts, "_install", no_installer)
    (changed / LAYER / "python" / "footfall" / "version.py").write_text('VERSION = "another"\n')

    layer = build_layer(HOST, root=changed, build=tmp_path / "build")

    assert 'VERSION = "another"\n' == (layer / "python" / "footfall" / "version.py").read_text()
    assert before != (layer / artifacts.STAMP).read_text()


def test_a_current_layer_is_used_as_it_is(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = build_layer(HOST, root=checkout, build=checkout / "build")
    made_at = (layer / "python").stat().st_ctime_ns
    monkeypatch.setattr(artifacts, "_install", no_installer)

    again = build_layer(HOST, root=checkout, build=checkout / "build")

    assert (layer, made_at) == (again, (again / "python").stat().st_ctime_ns)


def test_a_failed_installation_says_what_the_installer_said_and_leaves_nothing_behind(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = a_checkout(tmp_path / "broken", like=checkout)
    (broken / LAYER / "requirements.txt").write_text(f"no-such-package-of-footfall==1.0 --hash=sha256:{'0' * 64}\n")
    for offline in ("PIP_NO_INDEX", "UV_NO_INDEX", "UV_OFFLINE"):
        monkeypatch.setenv(offline, "1")

    with pytest.raises(UnavailableError, match=r"(?s)the arm64 layer could not be built.*no-such-package-of-footfall"):
        build_layer(LAMBDA, root=broken, build=tmp_path / "build")

    assert [] == list((tmp_path / "build").iterdir())


def test_modules_are_compiled_for_the_python_that_runs_them_where_it_is_found(checkout: Path) -> None:
    host = build_layer(HOST, root=checkout, build=checkout / "build") / "python" / "footfall"
    elsewhere = build_layer(LAMBDA, root=checkout, build=checkout / "build") / "python" / "footfall"

    assert (host / "__pycache__" / f"version.{sys.implementation.cache_tag}.pyc").exists()
    assert {".cpython-313"} >= {path.with_suffix("").suffix for path in elsewhere.rglob("*.pyc")}


def test_without_that_interpreter_the_layer_has_no_bytecode_and_the_same_hash(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_it = build_layer(LAMBDA, root=checkout, build=checkout / "build")
    monkeypatch.setattr(artifacts, "compile_modules", lambda folder, python: False)

    without = build_layer(LAMBDA, root=checkout, build=tmp_path / "build")

    assert [] == list(without.rglob("*.pyc"))
    assert artifacts.hash_of(with_it) == artifacts.hash_of(without)


def test_an_interpreter_that_is_not_what_its_name_says_is_not_used(tmp_path: Path) -> None:
    impostor = tmp_path / "python9.9"
    impostor.write_text("#!/bin/sh\necho 3.11\n")
    impostor.chmod(0o755)

    assert compile_modules(tmp_path, "9.9", environment={"PATH": str(tmp_path), "HOME": str(tmp_path)}) is False


def test_pip_is_told_every_tag_it_may_take_and_uv_the_newest() -> None:
    assert ["--python-platform", "aarch64-manylinux_2_28", "--python-version", "3.13"] == LAMBDA.uv_options()
    assert {"manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_28_aarch64"} <= set(LAMBDA.pip_options())
    assert [] == HOST.uv_options() + HOST.pip_options()


def test_the_configuration_layer_puts_the_file_where_the_functions_read_it(tmp_path: Path) -> None:
    configuration = Configuration(sites=Sites(default="a", registered=(Site(key="a", ids=("7",)),)))

    folder = write_configuration(configuration, build=tmp_path)

    written = folder / Path(CONFIGURATION_PATH).relative_to("/opt")
    assert configuration == Configuration.from_json(written.read_text())
    assert "a" == json.loads(written.read_text())["sites"]["default"]


def test_lambda_may_read_what_a_strict_umask_wrote(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        folder = write_configuration(Configuration(), build=tmp_path)
    finally:
        os.umask(before)

    assert all(path.stat().st_mode & 0o044 == 0o044 for path in folder.rglob("*"))
