"""The processes of a rehearsal: where they listen, that they end with it however it ends, and how its failures read."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from footfall.errors import StoppedError, UnavailableError
from local.rehearsal import __main__ as command
from local.rehearsal import leash, programs
from local.rehearsal.listeners import listeners
from local.rehearsal.processes import end_group
from local.rehearsal.programs import REPOSITORY, Programs
from local.rehearsal.server import Server, serve


def a_listener(address):
    """A process, leader of its group, that listens on an address; it says the port."""
    program = f"import socket, sys, time; s = socket.create_server(('{address}', 0)); print(s.getsockname()[1], flush=True); time.sleep(60)"
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, start_new_session=True)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="listeners are read from /proc")
def test_what_a_process_listens_on_is_found():
    with a_listener("127.0.0.1") as process:
        try:
            port = process.stdout.readline().decode().strip()
            server = Server(port=0, process=process.pid)
            assert ({f"127.0.0.1:{port}"}, f"127.0.0.1:{port} only") == (listeners(process.pid), server.check_listeners())
        finally:
            end_group(process)


def a_proc(folder, *, address, group=7):
    """A /proc with one process of a group and one socket that listens."""
    (folder / "1" / "fd").mkdir(parents=True)
    (folder / "1" / "stat").write_text(f"1 (a name) S 0 {group} 7")
    (folder / "1" / "fd" / "3").symlink_to("socket:[42]")
    (folder / "net").mkdir()
    line = f"   0: {address} 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 42 1"
    (folder / "net" / ("tcp6" if len(address) > 20 else "tcp")).write_text(f"header\n{line}\n")
    return folder


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("0100007F:11D6", "127.0.0.1:4566"),
        ("00000000:22B3", "0.0.0.0:8883"),
        ("00000000000000000000000001000000:0050", "::1:80"),
        ("00000000000000000000000000000000:0050", ":::80"),
    ],
)
def test_addresses_are_read_as_linux_writes_them(tmp_path, written, address):
    assert {address} == listeners(7, a_proc(tmp_path, address=written))


def test_a_listener_of_another_group_is_not_the_emulator_s(tmp_path):
    assert set() == listeners(8, a_proc(tmp_path, address="00000000:22B3"))


def test_an_emulator_that_listens_beyond_this_machine_stops_the_rehearsal(tmp_path, monkeypatch):
    monkeypatch.setattr("local.rehearsal.server.listeners", lambda group: {"127.0.0.1:4566", "0.0.0.0:8883"})
    monkeypatch.setattr("local.rehearsal.server.Path", lambda name: tmp_path)

    with pytest.raises(StoppedError, match=r"beyond this machine: 0\.0\.0\.0:8883$"):
        Server(port=0, process=1).check_listeners()


def test_ending_a_process_ends_what_it_started_too():
    program = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'input()']); print(flush=True); input()"
    read, write = os.pipe()
    with subprocess.Popen([sys.executable, "-c", program], stdin=read, stdout=subprocess.PIPE, start_new_session=True) as process:
        process.stdout.readline()
        end_group(process)
        assert b"" == process.stdout.read()  # at its end only when no process holds the pipe any more
    os.close(read)
    os.close(write)


def test_a_program_and_all_it_started_end_when_whoever_started_it_is_gone():
    child = "import subprocess, sys; print(flush=True); subprocess.call([sys.executable, '-c', 'import signal; signal.pause()'])"
    command = [sys.executable, "-I", leash.__file__, sys.executable, "-c", child]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as process:
        process.stdout.readline()
        process.stdin.close()  # as the kernel does for a process that was killed
        assert b"" == process.stdout.read()  # at its end only when no process holds the pipe any more
        assert -signal.SIGKILL == process.wait()


@pytest.mark.parametrize(("ending", "status"), [("sys.exit(3)", 3), ("os.kill(os.getpid(), 9)", 137)])
def test_a_leash_ends_as_the_program_does(ending, status):
    command = [sys.executable, "-I", leash.__file__, sys.executable, "-c", f"import os, sys; {ending}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert status == process.wait()


def test_an_emulator_that_does_not_start_is_told_with_how_it_ended(tmp_path, monkeypatch):
    monkeypatch.setattr("local.rehearsal.server._PROGRAM", tmp_path / "missing.py")

    with pytest.raises(UnavailableError, match=r"did not start on port .*: it ended with 2"), serve(Path(sys.executable), tmp_path, ""):
        pass


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Programs of a rehearsal whose CDK command line is a script of one line."""
    script = tmp_path / "cdk.py"
    monkeypatch.setattr(programs, "_CDK", script)
    monkeypatch.setattr(programs, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(programs, "node_path", lambda: sys.executable)
    script.touch()
    return Programs(tmp_path), script


def test_a_program_that_fails_is_told_by_what_it_complained_of(installed):
    started, script = installed
    script.write_text("import sys; print('deploying'); print('s failed: ValidationError: Unrecognized'); print('at x.js'); sys.exit(3)")

    with pytest.raises(UnavailableError, match=r"^cdk-deploy ended with 3: s failed: ValidationError: Unrecognized$"):
        started.cdk("deploy", environment={})


def test_a_program_that_hangs_is_ended(installed, monkeypatch):
    started, script = installed
    monkeypatch.setattr(programs, "_TIMEOUT_S", 0.2)
    script.write_text("import signal; signal.pause()")

    with pytest.raises(UnavailableError, match=r"^cdk-deploy took longer than"):
        started.cdk("deploy", environment={})


def test_cdk_sees_neither_the_home_nor_the_credentials_of_who_runs_it(installed, monkeypatch):
    started, script = installed
    monkeypatch.setenv("AWS_PROFILE", "production")
    script.write_text("import os; print(os.environ.get('AWS_PROFILE'), os.environ['HOME'])")

    assert f"None {script.parent / 'home'}\n" == started.cdk("deploy", environment={})


def test_an_environment_that_is_not_installed_says_what_installs_it(tmp_path, monkeypatch):
    monkeypatch.setattr(programs, "_CDK", REPOSITORY / "no" / "cdk")

    with pytest.raises(StoppedError, match=r"is missing; `make rehearse` installs it$"):
        Programs(tmp_path)


@pytest.fixture
def a_command(tmp_path, monkeypatch):
    """The command in an empty repository, with signals as they are and the environment restored after it."""
    monkeypatch.setattr(command, "REPOSITORY", tmp_path)
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    for name in ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "production")
    return command


def test_a_failure_is_one_line_that_names_the_step_and_the_logs(a_command, monkeypatch, capsys):
    def rehearse(folder, progress):
        (folder / "cdk-deploy.log").write_text("what cdk said\n")
        with progress.of("deploy"):
            raise UnavailableError("cdk-deploy ended with 1: no")

    monkeypatch.setattr(command, "rehearse", rehearse)

    assert 1 == a_command.main([])
    first, *rest = capsys.readouterr().err.splitlines()
    assert first.startswith("rehearse: deploy failed after ")
    assert first.endswith(" s: cdk-deploy ended with 1: no; logs: .footfall/rehearse")
    assert ["cdk-deploy.log ends with:", "    what cdk said"] == rest


def test_an_interrupted_rehearsal_says_during_what(a_command, monkeypatch, capsys):
    def rehearse(folder, progress):
        with progress.of("hits"):
            raise KeyboardInterrupt

    monkeypatch.setattr(command, "rehearse", rehearse)

    assert 130 == a_command.main([])
    assert "rehearse: interrupted during hits; everything it started is ended\n" == capsys.readouterr().err


def test_a_rehearsal_forgets_the_account_of_who_runs_it(a_command, monkeypatch):
    seen = {}
    monkeypatch.setattr(command, "rehearse", lambda folder, progress: seen.update(os.environ))

    a_command.main([])

    assert {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull} == {
        name: value for name, value in seen.items() if name.startswith("AWS_")
    }


def test_a_folder_of_a_rehearsal_that_was_killed_is_made_anew(a_command, monkeypatch, tmp_path):
    left = tmp_path / ".footfall" / "rehearse" / "lake" / "row.parquet"
    left.parent.mkdir(parents=True)
    left.touch()
    monkeypatch.setattr(command, "rehearse", lambda folder, progress: None)

    a_command.main([])

    assert not left.exists()
