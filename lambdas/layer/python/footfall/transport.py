"""The one seam to servers that are not AWS: a request, what came back, and whether anything was sent at all.

UnavailableError
├── NotSentError    no connection was made: nothing was sent, sending again is safe
└── NoAnswerError   sending had begun: nobody can know what the server did
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

import requests
from requests import exceptions
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from footfall.errors import UnavailableError

MAX_ANSWER_BYTES: Final = 65_536
"""What is read of an answer; Matomo answers a bulk of 2,000 invalid hits in 12 KB."""

_CONNECT_TIMEOUT_S: Final = 5.0
_IDLE_S: Final = 2.0
"""A connection that was idle longer is not used again: servers close it after some seconds, and a request that meets the close has
no answer, so nobody would know what became of it. Apache's KeepAliveTimeout is 5 s by default."""
_AGENT: Final = "footfall"


class NotSentError(UnavailableError):
    """No connection was made: nothing was sent."""


class NoAnswerError(UnavailableError):
    """The connection broke, or time was up, after sending had begun: the server may have done what was asked."""


class Response(NamedTuple):
    """What a server answered: the body cut at MAX_ANSWER_BYTES; `headers` by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """Sends one request and reads one answer, without following redirects or trying again."""

    def post(self, url: str, body: bytes, *, content_type: str, timeout_s: float) -> Response:
        """Post a body; the answer is complete within about `timeout_s`.

        Raises:
            NotSentError: no connection was made.
            NoAnswerError: sending had begun and there is no complete answer.
        """


class HttpTransport:
    """Posts over `requests`: connections kept alive for each thread, TLS verified, proxies of the environment unless `use_proxies`."""

    def __init__(self, *, use_proxies: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._use_proxies = use_proxies
        self._clock = clock
        self._local = threading.local()

    def post(self, url: str, body: bytes, *, content_type: str, timeout_s: float) -> Response:
        """As `Transport.post`; errors name neither the URL nor what was sent."""
        deadline_s = self._clock() + timeout_s
        timeouts_s = (min(_CONNECT_TIMEOUT_S, timeout_s), timeout_s)
        try:
            with self._session().post(
                url,
                data=body,
                headers={"Content-Type": content_type},
                timeout=timeouts_s,
                allow_redirects=False,
                stream=True,
            ) as answer:
                headers = {name.lower(): value for name, value in answer.headers.items()}
                return Response(answer.status_code, headers, self._read(answer, deadline_s))
        except (exceptions.ConnectTimeout, exceptions.SSLError, exceptions.ProxyError) as failed:
            raise NotSentError(f"no connection: {type(failed).__name__}") from None
        except exceptions.ConnectionError as failed:
            cause = _cause(failed)
            if cause in _NEVER_CONNECTED:
                raise NotSentError(f"no connection: {cause}") from None
            raise NoAnswerError(f"no answer: {cause}") from None
        except (exceptions.RequestException, HTTPError) as failed:
            raise NoAnswerError(f"no answer: {type(failed).__name__}") from None
        finally:
            self._local.used_s = self._clock()

    def _session(self) -> requests.Session:
        """The session of the calling thread; one that was idle is emptied first."""
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = self._use_proxies
            session.headers.clear()
            session.headers.update({"User-Agent": _AGENT, "Accept": "application/json", "Connection": "keep-alive"})
            session.mount("https://", HTTPAdapter(max_retries=0))
            session.mount("http://", HTTPAdapter(max_retries=0))
        elif self._clock() - self._local.used_s > _IDLE_S:
            session.close()  # its connections; the session opens new ones
        return session

    def _read(self, answer: requests.Response, deadline_s: float) -> bytes:
        """The body as it trickles in, up to a size and a time; the connection of a longer one is not used again."""
        chunks: list[bytes] = []
        size = 0
        while size < MAX_ANSWER_BYTES:
            chunk = answer.raw.read1(MAX_ANSWER_BYTES - size, decode_content=True)
            if not chunk:
                return b"".join(chunks)
            if self._clock() > deadline_s:
                raise exceptions.ReadTimeout
            chunks.append(chunk)
            size += len(chunk)
        return b"".join(chunks)


_NEVER_CONNECTED: Final = frozenset({"NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "SSLError", "ProxyError"})


def _cause(failed: exceptions.ConnectionError) -> str:
    """The name of what urllib3 met: `MaxRetryError` stands for its reason."""
    inner = failed.args[0] if failed.args else failed
    reason = getattr(inner, "reason", None)
    return type(reason if isinstance(reason, Exception) else inner).__name__


@dataclass(slots=True)
class Posted:
    """What a fake transport was given."""

    url: str
    body: bytes
    content_type: str
    timeout_s: float


@dataclass(slots=True)
class FakeTransport:
    """A transport for tests: answers from a list, in order, or by a function; an exception in the list is raised."""

    answers: Sequence[Response | UnavailableError] | Callable[[Posted], Response]
    posted: list[Posted] = field(default_factory=list)

    def post(self, url: str, body: bytes, *, content_type: str, timeout_s: float) -> Response:
        """Remember the request and give the next answer."""
        posted = Posted(url, body, content_type, timeout_s)
        self.posted.append(posted)
        answer = self.answers(posted) if callable(self.answers) else self.answers[len(self.posted) - 1]
        if isinstance(answer, UnavailableError):
            raise answer
        return answer
