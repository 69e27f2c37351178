"""What `footfall doctor --url` asks a deployment: that it answers as the edge function promises, and that its clock agrees."""

from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Final

from footfall.cli.finding import FAIL, OK, WARN, Finding, judge, skipped
from footfall.cli.images import problems_with_image
from footfall.cli.origin import Origin
from footfall.cli.probe import MAX_BYTES, Answer, Probe
from footfall.configuration import PIXEL_PATHS
from footfall.errors import UnavailableError

PAGE: Final = "https://www.example.org"
"""The origin of a page that asks, in the checks of CORS."""

CLOCK_WARN_S: Final = 30
CLOCK_FAIL_S: Final = 300
"""AWS refuses requests signed more than five minutes off (IAM user guide, troubleshooting signed requests)."""

_FUNCTION: Final = "deploy the edge stack: this is not what its edge function answers"
_NO_CONTENT: Final = 204
_NOT_IMPLEMENTED: Final = 501
_REDIRECTS: Final = frozenset({301, 302, 307, 308})
_BODY: Final = b"idsite=1&rec=1"
_SCRIPT_TYPES: Final = frozenset({"text/javascript", "application/javascript"})


def check_edge(probe: Probe, files: Mapping[str, bytes | None], *, plain: Probe | None) -> Iterator[Finding]:
    """Ask everything; `files` are the webpage's own by name, `plain` asks the same host over http, where there is an answer to expect.

    When the first question has no answer nothing else is asked.
    """
    try:
        first = probe.ask("GET", PIXEL_PATHS[0])
    except UnavailableError as failed:
        url = probe.origin.url
        yield Finding(name="answers", verdict=FAIL, seen=f"{url}: {failed}", todo="check the address, the deployment and the network")
        yield skipped("clock", "no answer to compare with")
        return
    yield Finding(name="answers", verdict=OK, seen=f"{probe.origin.url}, in {first.took_s * 1000:.0f} ms")
    yield check_clock(first)
    for path in PIXEL_PATHS:
        yield _asked(f"GET {path}", partial(_pixel, probe, path, files))
    yield _asked("send_image=0", partial(_no_image, probe))
    yield _asked("CORS", partial(_cors, probe))
    yield _asked("preflight", partial(_preflight, probe))
    yield _asked("POST without a body", partial(_empty_post, probe))
    yield _asked("POST with a body", partial(_full_post, probe))
    yield _asked("footfall.js", partial(_tracker, probe, files.get("footfall.js")))
    yield _https(plain, probe.origin)


def check_clock(answer: Answer) -> Finding:
    """Compare this machine's clock with the Date header; its whole seconds and the way there and back are allowed for."""
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except ValueError:
        return Finding(name="clock", verdict=WARN, seen="the answer has no Date", todo="compare this machine's clock by hand")
    off_s = answer.received_s - theirs - 0.5  # a Date is cut to its second
    beyond_s = abs(off_s) - 0.5 - answer.took_s / 2
    if beyond_s <= CLOCK_WARN_S:
        return Finding(name="clock", verdict=OK, seen=f"agrees within {max(1, round(abs(off_s)))} s")
    seen = f"this machine is {abs(off_s):.0f} s {'ahead of' if off_s > 0 else 'behind'} the deployment"
    verdict = FAIL if beyond_s > CLOCK_FAIL_S else WARN
    return Finding(name="clock", verdict=verdict, seen=seen, todo="set the clock (NTP); AWS refuses signatures five minutes off")


def _asked(name: str, ask: partial[list[str]]) -> Finding:
    try:
        problems = ask()
    except UnavailableError as failed:
        return Finding(name=name, verdict=FAIL, seen=str(failed), todo="check the deployment and the network")
    return judge(name, problems, good="as promised", todo=_FUNCTION)


def _pixel(probe: Probe, path: str, files: Mapping[str, bytes | None]) -> list[str]:
    answer = probe.ask("GET", path)
    name = "1x1.png" if path.endswith(".png") else "1x1.gif"
    return [*_status(answer, 200), *_content(answer, name, files.get(name)), *_kept_from_caches(answer), *_open_to_all(answer)]


def _content(answer: Answer, name: str, expected: bytes | None) -> list[str]:
    problems = [] if _type(answer) == f"image/{name[-3:]}" else [f"content-type is {_type(answer)!r}"]
    if len(answer.body) > MAX_BYTES:
        return [*problems, f"more than {MAX_BYTES} bytes"]
    if expected is not None and answer.body != expected:
        return [*problems, f"its {len(answer.body)} bytes are not those of webpage/{name}"]
    return [*problems, *problems_with_image(name, answer.body)]


def _kept_from_caches(answer: Answer) -> list[str]:
    """A pixel out of a cache is a request nobody logs."""
    directives = {part.strip().lower() for part in answer.headers.get("cache-control", "").split(",")}
    problems = [] if "no-store" in directives else ["cache-control has no no-store"]
    problems += ["it came out of a cache (age)"] if "age" in answer.headers else []
    return problems + (["it sets a cookie"] if "set-cookie" in answer.headers else [])


def _open_to_all(answer: Answer, page: str | None = None) -> list[str]:
    allowed = answer.headers.get("access-control-allow-origin")
    problems = [] if allowed == (page or "*") else [f"access-control-allow-origin is {allowed!r}"]
    is_missing = page is not None and answer.headers.get("access-control-allow-credentials") != "true"
    return problems + (["credentials are not allowed: matomo.js would send every hit again"] if is_missing else [])


def _no_image(probe: Probe) -> list[str]:
    answer = probe.ask("GET", "/matomo.php?send_image=0")
    return [*_status(answer, _NO_CONTENT), *_kept_from_caches(answer)]


def _cors(probe: Probe) -> list[str]:
    return _open_to_all(probe.ask("GET", "/matomo.php", headers={"Origin": PAGE}), PAGE)


def _preflight(probe: Probe) -> list[str]:
    headers = {"Origin": PAGE, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    answer = probe.ask("OPTIONS", "/matomo.php", headers=headers)
    methods = {part.strip() for part in answer.headers.get("access-control-allow-methods", "").split(",")}
    allowed = answer.headers.get("access-control-allow-headers", "").lower()
    problems = [] if "POST" in methods else ["POST is not allowed"]
    problems += [] if "content-type" in allowed else ["Content-Type is not allowed"]
    return [*_status(answer, _NO_CONTENT), *problems, *_open_to_all(answer, PAGE)]


def _empty_post(probe: Probe) -> list[str]:
    """As matomo.js sends it: everything in the query, and an explicit length of 0."""
    image = probe.ask("POST", "/matomo.php")
    nothing = probe.ask("POST", "/matomo.php?send_image=0")
    return [*_status(image, 200), *_kept_from_caches(image), *(f"send_image=0: {each}" for each in _status(nothing, _NO_CONTENT))]


def _full_post(probe: Probe) -> list[str]:
    """Refused, so that no client takes a lost body for a success."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return _status(probe.ask("POST", "/matomo.php", headers=headers, body=_BODY), _NOT_IMPLEMENTED)


def _tracker(probe: Probe, expected: bytes | None) -> list[str]:
    answer = probe.ask("GET", "/footfall.js")
    problems = _status(answer, 200)
    problems += [] if _type(answer) in _SCRIPT_TYPES else [f"content-type is {_type(answer)!r}"]
    return problems + (["another version than webpage/footfall.js"] if expected is not None and answer.body != expected else [])


def _https(plain: Probe | None, secure: Origin) -> Finding:
    """Whether http leads to https on the same host; the redirect is read, not followed."""
    name = "https redirect"
    if plain is None:
        return skipped(name, "only for https on its own port")
    try:
        answer = plain.ask("GET", "/1x1.png")
    except UnavailableError as failed:
        return Finding(name=name, verdict=WARN, seen=f"http: {failed}", todo="tags that say http: do not work; write https: into all")
    problems = [] if answer.status in _REDIRECTS else [f"http is answered {answer.status}"]
    if not problems and answer.headers.get("location") != f"{secure.url}/1x1.png":
        problems = ["http is redirected elsewhere than to https on this host"]
    return judge(name, problems, good="http leads to https", todo="set the distribution to redirect http to https")


def _status(answer: Answer, expected: int) -> list[str]:
    return [] if answer.status == expected else [f"status {answer.status} instead of {expected}"]


def _type(answer: Answer) -> str:
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower()
