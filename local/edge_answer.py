"""What the local edge sends back: the function's answer, a file of the webpage, or an error, with the headers CloudFront adds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from footfall.configuration import PAGE_CONTENT_SECURITY
from local.edge_function import body_of
from local.edge_request import Refusal, Request

EDGE_LOCATION: Final = "FRA56-P4"
DOMAIN: Final = "d111111abcdef8.cloudfront.net"
DISTRIBUTION: Final = "EDFDVBD6EXAMPLE"
"""The names AWS's documentation uses for a distribution."""

PAGE_HEADERS: Final = {
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "strict-origin-when-cross-origin",
    "content-security-policy": PAGE_CONTENT_SECURITY,
}
"""What the distribution's response headers policy adds to pages."""

_MAX_NAME: Final = 60  # no file of the webpage is called longer, and file systems refuse names of more than 255 bytes

_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".gif": "image/gif",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response before CloudFront's own headers; `result` is its result type, as in the log line and in X-Cache."""

    status: int
    result: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def to_bytes(self, *, request_id: str, method: str, is_last: bool) -> bytes:
        """Write the response for the wire; HEAD gets the headers alone."""
        has_body = self.status not in {204, 304}
        headers = {
            **self.headers,
            **({"content-length": str(len(self.body))} if has_body else {}),
            **_edge_headers(request_id, self.result),
        }
        headers["connection"] = "close" if is_last else "keep-alive"
        head = f"HTTP/1.1 {self.status} {_phrase(self.status)}\r\n" + "".join(
            f"{name.title()}: {value}\r\n" for name, value in headers.items()
        )
        return head.encode("latin-1") + b"\r\n" + (self.body if has_body and method != "HEAD" else b"")


def function_answer(response: Mapping[str, Any], *, result: str) -> Answer:
    """Take over the response an edge function made; one that stands for its failure is an error of CloudFront."""
    headers = {name: str(header["value"]) for name, header in response.get("headers", {}).items()}
    is_failure = "error" in response
    return Answer(status=response["statusCode"], result="Error" if is_failure else result, headers=headers, body=body_of(response))


def error_answer(refusal: Refusal) -> Answer:
    """Say in one sentence what CloudFront says in a page of HTML."""
    text = f"{refusal.status} ERROR. The request could not be satisfied. {refusal.why}\n"
    headers = {"content-type": "text/plain; charset=utf-8", "cache-control": "no-store"}
    return Answer(status=refusal.status, result="Error", headers=headers, body=text.encode())


def file_answer(webpage: Path, request: Request) -> Answer:
    """Answer with a file of the webpage, as the distribution's default behaviour does: GET and HEAD only, index.html for `/`."""
    if request.method not in {"GET", "HEAD"}:
        return error_answer(Refusal(403, "This distribution is not configured to allow the HTTP request method that was used."))
    found = _find(webpage, request.path)
    if found is None:
        return error_answer(Refusal(404, "There is no such file."))
    headers = {"content-type": _TYPES.get(found.suffix.lower(), "application/octet-stream"), "cache-control": "no-cache", **PAGE_HEADERS}
    return Answer(status=200, result="Miss", headers=headers, body=found.read_bytes())


def _find(webpage: Path, path: str) -> Path | None:
    """The file a path names, when there is one and it lies inside the webpage, links followed."""
    name = "index.html" if path == "/" else unquote(path).lstrip("/")
    if "\0" in name or any(len(part) > _MAX_NAME for part in name.split("/")):
        return None
    root = webpage.resolve()
    found = (root / name).resolve()
    return found if found.is_relative_to(root) and found.is_file() else None


def _edge_headers(request_id: str, result: str) -> dict[str, str]:
    return {
        "server": "CloudFront",
        "date": formatdate(usegmt=True),
        "via": f"1.1 {DOMAIN} (CloudFront)",
        "x-cache": f"{result} from cloudfront",
        "x-amz-cf-pop": EDGE_LOCATION,
        "x-amz-cf-id": request_id,
    }


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"
