"""Start MiniStack, see that nothing of it listens beyond this machine, and end all its processes."""

import contextlib
import http.client
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from footfall.errors import StoppedError, UnavailableError
from local.rehearsal.listeners import listeners
from local.rehearsal.processes import running

ACCOUNT: Final = "123456789012"
REGION: Final = "eu-central-1"
_PROGRAM: Final = Path(__file__).with_name("emulator.py")
_START_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running MiniStack: its port of 127.0.0.1, and its process, which leads a group of its own."""

    port: int
    process: int

    @property
    def endpoint(self) -> str:
        """URL of all services."""
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """The variables that lead an AWS SDK here and nowhere else; an access key of twelve digits is the root of that account."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def check_listeners(self) -> str:
        """See that its processes listen on loopback alone; says where.

        Raises:
            StoppedError: somewhere other machines can reach, or the one port it serves on was not found.
        """
        if not Path("/proc/net/tcp").exists():
            return f"{self.endpoint} (unchecked: this machine has no /proc)"
        addresses = sorted(listeners(self.process))
        outside = [address for address in addresses if not ip_address(address.rpartition(":")[0]).is_loopback]
        if outside:
            raise StoppedError(f"the emulator listens beyond this machine: {', '.join(outside)}")
        if not addresses:
            raise StoppedError("where the emulator listens could not be found out")
        return f"{', '.join(addresses)} only"


@contextlib.contextmanager
def serve(python: Path, folder: Path, path: str) -> Iterator[Server]:
    """Run MiniStack on a free port of 127.0.0.1; all it writes is below `folder`, and all its processes end on the way out.

    Raises:
        UnavailableError: it did not answer in time.
    """
    port = _free_port()
    for name in ("tmp", "home"):
        (folder / name).mkdir(exist_ok=True)
    command = [str(python), "-I", str(_PROGRAM)]  # isolated: modules beside the program are not importable from it
    with running(command, environment=_environment(folder, port, path), folder=folder, log=folder / "ministack.log") as process:
        _wait_until_ready(port, process)
        yield Server(port=port, process=process.pid)


def _environment(folder: Path, port: int, path: str) -> Mapping[str, str]:
    return {
        "PATH": path,
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "STATE_DIR": str(folder / "state"),
        "BIND_HOST": "127.0.0.1",  # its default is every address of the machine
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",  # an MQTT listener
        "SFTP_ENABLED": "0",
        "AUTH": "true",  # functions run with the policies of their roles
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < until:
        if _is_ready(port):
            return
        time.sleep(0.1)
    ended = "it took too long" if process.poll() is None else f"it ended with {process.returncode}"
    raise UnavailableError(f"MiniStack did not start on port {port}: {ended}")


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)  # unlike urllib it asks no proxy
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
