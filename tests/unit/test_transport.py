"""The HTTP seam, against sockets on loopback that behave as servers do on bad days."""

import socket
import threading
from contextlib import contextmanager, suppress

import pytest

from footfall.transport import MAX_ANSWER_BYTES, FakeTransport, HttpTransport, NoAnswerError, NotSentError, Response


@contextmanager
def a_server(*answers):
    """Listen on loopback and give one answer to each request, in order; None closes the connection, "hang" waits for the client."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(5)
    requests, connections = [], []

    def serve():
        left = list(answers)
        while left:
            try:
                connection, _ = listener.accept()
            except OSError:  # the test is over
                return
            connections.append(connection)
            connection.settimeout(5)
            stream = connection.makefile("rb")
            while left and (request := _read_or_nothing(stream)):
                requests.append(request)
                answer = left.pop(0)
                if answer is None:
                    connection.shutdown(socket.SHUT_RDWR)
                    break
                if answer == "hang":
                    _read_or_nothing(stream)
                    break
                connection.sendall(answer)
            stream.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/matomo.php", requests, connections
    finally:
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        for connection in connections:
            connection.close()
        listener.close()


def _read_or_nothing(stream):
    try:
        return _read(stream)
    except OSError:
        return b""


def _read(stream):
    head, length = b"", 0
    while (line := stream.readline()) not in (b"\r\n", b""):
        head += line
        if line.lower().startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    return head + stream.read(length)


def http(body=b"{}", status=b"200 OK", headers=b""):
    return b"HTTP/1.1 " + status + b"\r\nContent-Type: application/json\r\n" + headers + b"Content-Length: %d\r\n\r\n" % len(body) + body


def post(url, transport=None, *, timeout_s=5.0):
    return (transport or HttpTransport()).post(url, b'{"requests":[]}', content_type="application/json", timeout_s=timeout_s)


def test_an_answer_has_its_status_headers_and_body():
    with a_server(http(b'{"status":"success"}', headers=b"Retry-After: 7\r\n")) as (url, _, _):
        answer = post(url)

    assert (200, "7", b'{"status":"success"}') == (answer.status, answer.headers["retry-after"], answer.body)


def test_the_request_names_nobody_but_footfall_and_asks_for_no_compression():
    with a_server(http()) as (url, requests, _):
        post(url)

    head = requests[0].lower()
    assert b"user-agent: footfall\r\n" in head
    assert not any(name in head for name in (b"accept-language", b"referer", b"cookie", b"python", b"accept-encoding: gzip"))


def test_connections_are_kept_alive():
    with a_server(http(), http()) as (url, _, connections):
        transport = HttpTransport()
        post(url, transport)
        post(url, transport)

    assert 1 == len(connections)


def test_a_connection_that_was_idle_is_not_trusted_again():
    """A server closes it after some seconds, and whether a request that meets the close was processed nobody knows."""
    with a_server(http()) as (url, _, _), a_server(http()) as (other, _, connections):
        now_s = [0.0]
        transport = HttpTransport(clock=lambda: now_s[0])
        post(other, transport)
        now_s[0] = 3.0
        post(url, transport)

        assert 0 == len(connections[0].recv(1))  # closed by us


def test_a_refused_connection_means_that_nothing_was_sent():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(NotSentError, match="no connection"):
        post(f"http://127.0.0.1:{port}/matomo.php")


def test_a_server_that_speaks_no_tls_was_sent_nothing():
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer_in_clear():
            connection, _ = listener.accept()
            with connection:
                connection.sendall(http())

        thread = threading.Thread(target=answer_in_clear)
        thread.start()
        with pytest.raises(NotSentError):
            post(f"https://127.0.0.1:{listener.getsockname()[1]}/matomo.php")
        thread.join()


def test_a_connection_that_is_closed_without_an_answer_leaves_it_unknown():
    with a_server(None) as (url, _, _), pytest.raises(NoAnswerError, match="no answer"):
        post(url)


def test_a_server_that_does_not_answer_in_time_leaves_it_unknown():
    with a_server("hang") as (url, _, _), pytest.raises(NoAnswerError):
        post(url, timeout_s=0.2)


def test_an_answer_that_breaks_off_leaves_it_unknown():
    with a_server(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", None) as (url, _, _), pytest.raises(NoAnswerError):
        post(url, timeout_s=0.2)


def test_a_redirect_is_an_answer_and_is_not_followed():
    with a_server(http(status=b"301 Moved Permanently", headers=b"Location: http://127.0.0.1:9/\r\n")) as (url, requests, _):
        assert 301 == post(url).status
        assert 1 == len(requests)


def test_an_endless_answer_is_cut():
    with a_server(http(b"x" * (MAX_ANSWER_BYTES + 1_000))) as (url, _, _):
        assert MAX_ANSWER_BYTES == len(post(url).body)


def test_proxies_of_the_environment_are_not_used(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    with a_server(http()) as (url, _, _):
        assert 200 == post(url).status


def test_errors_tell_neither_the_address_nor_what_was_sent():
    with a_server(None) as (url, _, _), pytest.raises(NoAnswerError) as failed:
        post(url)

    assert not any(text in str(failed.value) for text in ("127.0.0.1", "matomo", 'requests"'))


def test_the_fake_answers_in_order_and_remembers_what_it_was_given():
    fake = FakeTransport([Response(200, {}, b"1"), NotSentError("no connection")])

    assert b"1" == post("https://matomo.example.org/", fake).body
    with pytest.raises(NotSentError):
        post("https://matomo.example.org/", fake)
    assert 2 == len(fake.posted)
