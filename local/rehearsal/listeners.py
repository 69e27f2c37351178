"""Find out from Linux's /proc on which addresses a group of processes accepts TCP."""

import contextlib
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Final

_LISTENING: Final = "0A"  # TCP_LISTEN in /proc/net/tcp


def listeners(group: int, proc: Path = Path("/proc")) -> set[str]:
    """The addresses (`127.0.0.1:4566`) on which TCP is accepted by processes of this group; empty where there is no /proc."""
    sockets = {inode for process in _members(group, proc) for inode in _sockets(process)}
    return {address for address, inode in _listening(proc) if inode in sockets}


def _members(group: int, proc: Path) -> Iterator[Path]:
    for stat in proc.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            if stat.read_text("utf-8", "replace").rpartition(")")[2].split()[2] == str(group):
                yield stat.parent


def _sockets(process: Path) -> Iterator[str]:
    with contextlib.suppress(OSError):
        for descriptor in (process / "fd").iterdir():
            with contextlib.suppress(OSError):
                target = str(descriptor.readlink())
                if target.startswith("socket:["):
                    yield target[8:-1]


def _listening(proc: Path) -> Iterator[tuple[str, str]]:
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):  # a machine without IPv6 has no tcp6
            for line in (proc / "net" / name).read_text("ascii").splitlines()[1:]:
                columns = line.split()
                if columns[3] == _LISTENING:
                    yield _address(columns[1]), columns[9]


def _address(written: str) -> str:
    """Read /proc's form, 32-bit words in this machine's byte order: `0100007F:11D6` is 127.0.0.1:4566 on x86_64 and arm64."""
    digits, port = written.split(":")
    raw = b"".join(bytes.fromhex(digits[start : start + 8])[::-1] for start in range(0, len(digits), 8))
    return f"{IPv4Address(raw) if len(raw) == IPv4Address(0).max_prefixlen // 8 else IPv6Address(raw)}:{int(port, 16)}"
