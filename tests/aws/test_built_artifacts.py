"""Every handler, started from the built artifact by Lambda's own runtime in a process that sees its folder and the layers only."""

import functools
import importlib.metadata
import json
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from footfall.functions import FUNCTIONS, Function
from local.aws import LocalAws
from local.functions import settings_of
from local.runtime import LambdaFunction
from stacks.artifacts import HOST, LAMBDA, ROOT, Platform, build_layer, write_configuration
from tests.builders import a_configuration, a_kinesis_record, a_log_line, a_record, an_event

AWS_SDK = ("boto3", "botocore", "s3transfer", "python-dateutil", "six", "urllib3")
RUNTIME = ("awslambdaric", "simplejson", "snapshot-restore-py")
MAX_LAYER_BYTES = 12_000_000

every_function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)


@pytest.fixture(scope="module")
def managed_runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What AWS's Python runtime brings besides the standard library, and nothing else of this environment."""
    folder = tmp_path_factory.mktemp("var-runtime")
    for distribution in (*AWS_SDK, *RUNTIME):
        for path in importlib.metadata.files(distribution) or ():
            top = path.parts[0]
            if top != ".." and not top.endswith(".dist-info") and not (folder / top).exists():
                (folder / top).symlink_to(Path(path.locate()).parents[len(path.parts) - 1] / top)
    return folder


@pytest.fixture
def environments(tmp_path: Path) -> Any:
    """By function: the environment as the template sets it, and the way to the AWS APIs of this machine."""
    configuration = a_configuration(
        sites={"default": "main", "main": {"ids": ["1"], "deliver": {"matomo": "7"}}},
        destinations={"matomo": {"url": "https://matomo.example.org/matomo.php", "token_secret": "matomo/token"}},
    )
    path = write_configuration(configuration, build=tmp_path) / "footfall" / "configuration.json"
    with LocalAws() as aws:
        resources = aws.create(configuration)
        yield {function.name: aws.environment() | settings_of(function, resources, path).to_env() for function in FUNCTIONS}


def events() -> dict[str, Any]:
    line = a_log_line(timestamp=f"{time.time():.3f}", cs_uri_query="action_name=Home")
    return {
        "transform_hits": an_event([a_record(line, "a"), a_record("garbage", "b")]),
        "retire_salts": {},
        "enqueue_hits": {"Records": [a_kinesis_record(line, "1"), a_kinesis_record("garbage", "2")]},
        "process_queue": {},
    }


def answers_as_it_should(name: str, answer: Any) -> bool:
    match name:
        case "transform_hits":
            return [("a", "Ok"), ("b", "Ok")] == [(record["recordId"], record["result"]) for record in answer["records"]]
        case "retire_salts":
            return {"retired": 0} == answer
        case "enqueue_hits":
            return {"batchItemFailures": []} == answer
        case "process_queue":
            return (0, 0, "") == (answer["messages_received"], answer["delivered"], answer["circuits_open"])
    return False


def call(
    function: Function, event: Any, *, paths: Sequence[Path], environment: Mapping[str, str], log: Path, command: Sequence[str]
) -> Any:
    with LambdaFunction(
        function.name,
        task_root=ROOT / "lambdas" / function.name,
        python_path=paths,
        environment=environment,
        timeout=function.timeout,
        log=log,
        command=command,
    ) as deployed:
        return deployed.invoke(event)


@every_function
def test_the_built_handler_answers_under_lambda_s_own_runtime(
    function: Function, environments: Mapping[str, Mapping[str, str]], managed_runtime: Path, tmp_path: Path
) -> None:
    answer = call(
        function,
        events()[function.name],
        paths=[build_layer(HOST) / "python", managed_runtime],
        environment=environments[function.name],
        log=tmp_path / "log",
        command=[sys.executable, "-S", "-s", "-P", "-B", "-m", "awslambdaric", "handler.handler"],  # -S: without site-packages
    )

    assert answers_as_it_should(function.name, answer), (tmp_path / "log").read_text()


@every_function
def test_the_handler_imports_nothing_but_its_folder_the_layer_and_the_runtime(
    function: Function, environments: Mapping[str, Mapping[str, str]], managed_runtime: Path
) -> None:
    layer, folder = build_layer(HOST) / "python", ROOT / "lambdas" / function.name
    list_files = "import handler, json, sys; print(json.dumps([m.__file__ for m in sys.modules.values() if getattr(m, '__file__', None)]))"
    listed = subprocess.run(
        [sys.executable, "-S", "-s", "-P", "-B", "-c", list_files],
        env={**environments[function.name], "PYTHONPATH": f"{folder}:{layer}:{managed_runtime}"},
        capture_output=True,
        text=True,
        check=True,
    )

    allowed = (str(folder), str(layer), str(managed_runtime), str(Path(json.__file__).parents[1]))
    assert [] == [path for path in json.loads(listed.stdout.splitlines()[-1]) if not path.startswith(allowed)]


@functools.cache
def python_as_deployed() -> str | None:
    """A Python of the deployed version on this machine; a pyenv shim may be there and still not run."""
    name = f"python{LAMBDA.python}"
    candidates = [shutil.which(name), *Path.home().glob(f".pyenv/versions/{LAMBDA.python}.*/bin/{name}")]
    return next((str(found) for found in candidates if found and sys.platform == "linux" and runs(found)), None)


def runs(python: str | Path) -> bool:
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


@every_function
def test_the_built_handler_answers_on_the_python_that_is_deployed(
    function: Function, environments: Mapping[str, Mapping[str, str]], managed_runtime: Path, tmp_path: Path
) -> None:
    python = python_as_deployed()
    if python is None:
        pytest.skip(f"no working python{LAMBDA.python} found")
    here = Platform(name=f"host-{LAMBDA.python}", python=LAMBDA.python, machine=platform.machine(), glibc=LAMBDA.glibc)

    answer = call(
        function,
        events()[function.name],
        paths=[build_layer(here) / "python", managed_runtime],
        environment=environments[function.name],
        log=tmp_path / "log",
        command=[python, "-S", "-s", "-P", "-B", str(ROOT / "local" / "bootstrap.py")],  # awslambdaric is compiled for this Python only
    )

    assert answers_as_it_should(function.name, answer), (tmp_path / "log").read_text()


def test_the_layer_to_deploy_holds_binaries_for_graviton_and_the_deployed_python_only() -> None:
    binaries = [path.name for path in (build_layer(LAMBDA) / "python").rglob("*.so")]

    assert binaries
    assert all(name.endswith(".cpython-313-aarch64-linux-gnu.so") for name in binaries), binaries


@pytest.mark.parametrize("target", [LAMBDA, HOST], ids=lambda target: target.name)
def test_the_layer_is_small_enough_to_start_fast(target: Platform) -> None:
    size = sum(path.stat().st_size for path in build_layer(target).rglob("*") if path.is_file())

    assert size <= MAX_LAYER_BYTES


def test_the_layer_leaves_the_command_line_out() -> None:
    footfall = build_layer(LAMBDA) / "python" / "footfall"

    assert (footfall / "functions.py").is_file()
    assert not (footfall / "cli").exists()


def test_the_layer_s_lock_is_a_subset_of_the_whole_one_with_the_same_versions() -> None:
    whole, layer = (locked(ROOT / path) for path in ("requirements.txt", "lambdas/layer/requirements.txt"))

    assert layer
    assert set() == layer - whole


def locked(path: Path) -> set[tuple[str, str]]:
    return set(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", path.read_text(), flags=re.MULTILINE))
