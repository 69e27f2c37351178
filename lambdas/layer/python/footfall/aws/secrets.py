"""Secrets Manager adapter: a secret by name, kept in memory, fetched again when somebody refuses it."""

import threading
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any, Final

from footfall.aws.clients import make_client, translated
from footfall.errors import UnavailableError

_FETCH_AGAIN_S: Final = 60.0
"""A refused secret is fetched no more often."""


class NamedSecret:
    """The text of one secret; it is fetched when it is first needed and never shown."""

    def __init__(self, name: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._clock = clock
        self._text: str | None = None
        self._fetched_s = 0.0
        self._lock = threading.Lock()

    @cached_property
    def _client(self) -> Any:
        return make_client("secretsmanager")

    def value(self) -> str:
        """The secret.

        Raises:
            UnavailableError: Secrets Manager did not answer, or there is no such secret, or it is no text.
        """
        with self._lock:
            if self._text is None:
                self._text = self._fetch()
            return self._text

    def refresh(self) -> bool:
        """Fetch it again, if that was not done a moment ago; whether it is another now.

        Raises:
            UnavailableError: Secrets Manager did not answer; the known one stays.
        """
        with self._lock:
            if self._text is not None and self._clock() - self._fetched_s < _FETCH_AGAIN_S:
                return False
            known, self._text = self._text, self._fetch()
            return self._text != known

    def _fetch(self) -> str:
        with translated("read secret"):
            answer = self._client.get_secret_value(SecretId=self._name)
        if "SecretString" not in answer:
            raise UnavailableError("read secret: it is binary, and no text")
        self._fetched_s = self._clock()
        return str(answer["SecretString"]).strip()
