"""What passes between a client and the stand-in, without a socket."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlsplit

HTML: Final = "text/html; charset=UTF-8"
JSON: Final = "application/json"
GIF: Final = "image/gif"

PIXEL: Final = bytes.fromhex("474946383961010001008000000000000000000021f90401000000002c00000000010001000002024401003b")
"""One transparent pixel, 43 bytes, as Matomo answers."""

Connection = Literal["keep", "reset", "hold"]
"""What becomes of the connection: the answer is sent; it is reset instead; nothing is sent until the client gives up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request, its body read; header names are lower case, `now_s` is the server's clock (epoch seconds)."""

    method: str
    target: str
    now_s: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    address: str = "127.0.0.1"

    @property
    def path(self) -> str:
        """The target without its query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> str:
        """The target's query, still encoded."""
        return urlsplit(self.target).query

    @property
    def form(self) -> str:
        """The body, where it is a form; PHP fills $_POST from nothing else."""
        is_form = self.headers.get("content-type", "application/x-www-form-urlencoded").startswith("application/x-www-form-urlencoded")
        return self.body.decode("utf-8", "surrogateescape") if is_form and self.method == "POST" else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer."""

    status: int
    content_type: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    connection: Connection = "keep"


TRACKER_PAGE: Final = b"This resource is part of Matomo. It is the endpoint of the tracking API.\n"
"""The first sentence is Matomo's own; clients tell this page by it."""


def error_page(status: int, message: str) -> Answer:
    """Answer an HTML page although JSON was asked for, as Matomo does before its API is reached."""
    page = f"<!DOCTYPE html>\n<html><head><title>Matomo &rsaquo; Error</title></head><body><h2>{message}</h2></body></html>\n"
    return Answer(
        status=status, content_type="text/html; charset=utf-8", body=page.encode(), headers={"Cache-Control": "private, no-cache, no-store"}
    )
