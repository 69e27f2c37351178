"""The address of a deployment as people give it: https and a host, or http to this machine."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from footfall.configuration import Configuration
from footfall.errors import ConfigurationError

ALLOWED: Final = "https:// and a host name, for example https://pixel.example.org, or http:// to this machine; no path, query or user name"

_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_SCHEMES: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Scheme, host and port; `url` has no slash at its end."""

    scheme: str
    host: str
    port: int

    @property
    def url(self) -> str:
        """The origin as browsers write it.

        >>> Origin(scheme="https", host="pixel.example.org", port=443).url
        'https://pixel.example.org'
        """
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _SCHEMES[self.scheme] else f":{self.port}")

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or address alone.

    >>> is_loopback("localhost"), is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("192.0.2.1")
    (True, True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_origin(text: str, *, option: str = "--url") -> Origin:
    """Read the address of a deployment.

    Raises:
        ConfigurationError: it is no such address; names what is allowed, and never shows a password.
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError as wrong:
        raise ConfigurationError(option, [f"{_shown(text)}: allowed is {ALLOWED}"]) from wrong
    host = parts.hostname or ""
    is_whole = parts.scheme in _SCHEMES and (is_loopback(host) or _HOST.fullmatch(host) is not None) and port != 0
    if not is_whole or _has_more(parts) or (parts.scheme == "http" and not is_loopback(host)):
        raise ConfigurationError(option, [f"{_shown(text)}: allowed is {ALLOWED}"])
    return Origin(scheme=parts.scheme, host=host, port=port or _SCHEMES[parts.scheme])


def origin_of(text: str | None, configuration: Configuration) -> Origin:
    """Read the address that was given, else take the first of the deployment's own host names.

    Raises:
        ConfigurationError: there is neither, or it is wrong.
    """
    if text is not None:
        return read_origin(text)
    if not configuration.edge.domain_names:
        raise ConfigurationError(
            "--url", ["needed, because footfall.toml names no edge.domain_names: the output Url of the edge stack (docs/deploy.md)"]
        )
    return read_origin(f"https://{configuration.edge.domain_names[0]}", option="edge.domain_names")


def _has_more(parts: SplitResult) -> bool:
    return parts.path not in {"", "/"} or bool(parts.query or parts.fragment or "@" in parts.netloc)


def _shown(text: str) -> str:
    return "an address with a user name" if "@" in text else repr(text[:80])
