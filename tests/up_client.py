"""A running `make up` and a client of its page, for the tests of either."""

import http.client
import json
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from local.demo import send
from local.functions import REPOSITORY
from local.up.run import Options, serve
from local.up.samples import send_sample
from local.visitors import FIREFOX, KINDS, Request

DEMO = REPOSITORY / "local" / "demo.toml"


def options(keep: Path | None, *, port: int = 0, edge_port: int = 0, configuration: Path = DEMO) -> Options:
    return Options(port=port, edge_port=edge_port, keep=keep, configuration=configuration)


class Told:
    """Takes what would be said at the terminal."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.complaints: list[str] = []
        self.is_up = threading.Event()

    def say(self, text: str) -> None:
        self.said.append(text)
        if text.startswith("up: "):
            self.is_up.set()

    def complain(self, text: str) -> None:
        self.complaints.append(text)


class Up:
    """`serve` in a thread; `stop` ends it and gives its exit code."""

    def __init__(self, chosen: Options) -> None:
        self.told, self.stops, self.code = Told(), queue.SimpleQueue(), -1
        self._thread = threading.Thread(target=self._run, args=(chosen,))
        self._thread.start()
        while not self.told.is_up.wait(0.05):
            assert self._thread.is_alive(), self.told.complaints
        words = self.told.said[-1].split()
        self.port, self.edge_url = int(words[1].rpartition(":")[2]), words[3]
        self.url = f"http://localhost:{self.port}"

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers={"Host": f"localhost:{self.port}", **named})
            answer = connection.getresponse()
            return answer.status, dict(answer.headers), answer.read()

    def read(self, path: str) -> Any:
        return json.loads(self.ask(path)[2])

    def events(self) -> Iterator[tuple[str, Any]]:
        """The live list, event by event."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request("GET", "/events", headers={"Host": f"localhost:{self.port}"})
            answer, name = connection.getresponse(), ""
            while line := answer.readline().decode():
                name = line.removeprefix("event: ").strip() if line.startswith("event: ") else name
                if line.startswith("data: "):
                    yield name, json.loads(line.removeprefix("data: "))

    def wait_for(self, is_meant: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first request of the list that is meant, as soon as it is there."""
        for _, event in self.events():
            for request in event.get("requests", ()):
                if is_meant(request):
                    return request
        raise AssertionError("the list has ended")

    def send(self, target: str, **headers: str) -> str:
        """Send a request to the edge; its id."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = Request(kind=KINDS[0], method="GET", target=target, headers={"User-Agent": FIREFOX, **named}, body=None)
        return send(self.edge_url.replace("localhost", "127.0.0.1"), request).request_id

    def sample(self, name: str) -> dict[str, Any]:
        """Send a sample from this machine, and wait for what becomes of it."""
        request_id = send_sample(name, self.edge_url.replace("localhost", "127.0.0.1"))
        return self.settled(str(request_id))

    def settled(self, request_id: str) -> dict[str, Any]:
        """Everything about a request, as soon as it is settled."""
        self.wait_for(lambda request: request["id"] == request_id and request["outcome"] != "waiting")
        return self.read(f"/requests/{request_id}")

    def delivered(self, request_id: str) -> dict[str, Any]:
        """Everything about a request, as soon as its row is stored and each of its deliveries has a verdict."""
        self.settled(request_id)
        self.wait_for(lambda request: request["id"] == request_id and request["delivery"] not in {"", "waiting"})
        return self.read(f"/requests/{request_id}")

    def waiting(self, request_id: str) -> dict[str, Any]:
        """Everything about a request, as soon as a delivery of it says why it waits."""
        for _ in self.events():
            detail = self.read(f"/requests/{request_id}")
            if "reason" in columns_of(detail, "delivery"):
                return detail
        raise AssertionError("the list has ended")

    def stop(self, why: OSError | None = None) -> int:
        self.stops.put(why)
        self._thread.join(30)
        assert not self._thread.is_alive()
        return self.code

    def wait_until_ended(self) -> int:
        self._thread.join(30)
        assert not self._thread.is_alive()
        return self.code

    def _run(self, chosen: Options) -> None:
        self.code = serve(chosen, self.stops, self.told)


@contextmanager
def an_up(keep: Path | None, **chosen: Any) -> Iterator[Up]:
    """A running one; stopped at the end unless it has ended by itself."""
    up = Up(options(keep, **chosen))
    try:
        yield up
    finally:
        if up.code == -1:
            up.stop()


def columns_of(detail: dict[str, Any], section: str) -> dict[str, str]:
    """The columns of a section as texts; dropped parts are in [- -], as in a word diff."""
    (found,) = (one for one in detail["sections"] if one["name"] == section)
    return {column["name"]: "".join(_text(part) for part in column["parts"]) for column in found["columns"]}


def _text(part: dict[str, Any]) -> str:
    return part["lead"] + (f"[-{part['text']}-]" if part["fate"] == "dropped" else part["text"])
