"""What Matomo's answers mean: each row of what a real Matomo 5.1.2 was seen to answer (codes such as t40 name the recorded exchange)."""

import json

import pytest

from footfall.destinations.delivery import Meaning
from footfall.destinations.matomo_answer import read_answer, read_failure
from footfall.transport import NoAnswerError, NotSentError, Response

JSON = {"content-type": "application/json"}
GIF = b"GIF89a\x01\x00\x01\x00\x80"


def success(tracked, invalid, indices=None):
    document = {"status": "success", "tracked": tracked, "invalid": invalid}
    return Response(200, JSON, json.dumps(document | ({} if indices is None else {"invalid_indices": indices})).encode())


ROWS = {
    "t01 all stored": (success(3, 0, []), Meaning.ACKNOWLEDGED),
    "t03 one of an unknown site": (success(2, 1, [1]), Meaning.ACKNOWLEDGED),
    "t15 one invalid, a write token": (success(2, 1), Meaning.ACKNOWLEDGED),
    "t10 wrong token: a success of nothing": (success(0, 3), Meaning.ACKNOWLEDGED),
    "t90 paused": (success(0, 0), Meaning.NOTHING_STORED),
    "t30 body not parsed": (success(0, 0), Meaning.NOTHING_STORED),
    "t92 lock wait: in neither number": (success(2, 0, []), Meaning.UNKNOWN),
    "more than was sent": (success(4, 0), Meaning.UNKNOWN),
    "t35 not a bulk to it": (Response(400, {"content-type": "text/html"}, b"This resource is part of Matomo"), Meaning.MISCONFIGURED),
    "t60 poison": (Response(500, JSON, b'{"status":"error","tracked":1,"invalid":0}'), Meaning.ROLLED_BACK),
    "t60 poison that is fatal in PHP": (Response(500, {"content-type": "text/html"}, b""), Meaning.ROLLED_BACK),
    "t93 deadlock": (Response(500, JSON, b'{"status":"error","tracked":8,"invalid":0}'), Meaning.ROLLED_BACK),
    "t94 database down": (Response(500, JSON, b'{"status":"error","tracked":0,"invalid":0}'), Meaning.ROLLED_BACK),
    "t101 locked out": (Response(500, JSON, b'{"status":"error","tracked":0,"invalid":0}'), Meaning.ROLLED_BACK),
    "send_image=0": (Response(204, {}, b""), Meaning.UNKNOWN),
    "q01 QueuedTracking took it": (Response(200, {"content-type": "image/gif"}, GIF), Meaning.UNKNOWN),
    "q05 QueuedTracking, body not parsed": (Response(200, {"content-type": "text/html"}, b""), Meaning.UNKNOWN),
    "a page of somebody else": (Response(200, {"content-type": "text/html"}, b"<html>"), Meaning.UNKNOWN),
    "an error under 200": (Response(200, JSON, b'{"status":"error","tracked":3,"invalid":0}'), Meaning.UNKNOWN),
    "counts that are no numbers": (Response(200, JSON, b'{"status":"success","tracked":true,"invalid":"0"}'), Meaning.UNKNOWN),
    "a redirect": (Response(301, {"location": "https://elsewhere.example.org/"}, b""), Meaning.MISCONFIGURED),
    "refused by a firewall": (Response(403, {}, b""), Meaning.MISCONFIGURED),
    "too large": (Response(413, {}, b""), Meaning.TOO_LARGE),
    "throttled": (Response(429, {}, b""), Meaning.UNAVAILABLE),
    "single hit while paused": (Response(503, {}, GIF), Meaning.UNAVAILABLE),
    "a gateway that waited in vain": (Response(504, {}, b""), Meaning.UNKNOWN),
}


@pytest.mark.parametrize(("response", "meaning"), ROWS.values(), ids=ROWS.keys())
def test_each_measured_answer_means_what_was_found_in_the_database(response, meaning):
    assert meaning is read_answer(response, sent=3, is_transactional=True).meaning


def test_without_transactions_a_500_leaves_nobody_knowing_what_was_stored():
    """t111: `[Tracker] bulk_requests_use_transaction=0`; the hits before the failing one are stored."""
    response = Response(500, JSON, b'{"status":"error","tracked":2,"invalid":0}')

    assert Meaning.UNKNOWN is read_answer(response, sent=3, is_transactional=False).meaning


@pytest.mark.parametrize("indices", [[5], [0, 1], ["1"], [-1], 1, [True]])
def test_positions_that_do_not_add_up_count_as_not_told(indices):
    assert read_answer(success(2, 1, indices), sent=3, is_transactional=True).refused is None


@pytest.mark.parametrize(
    ("headers", "expected_s"),
    [
        ({"retry-after": "120"}, 120.0),
        ({"retry-after": "999999"}, 3600.0),
        ({"retry-after": "Wed, 25 Nov 2026 10:02:00 GMT", "date": "Wed, 25 Nov 2026 10:00:00 GMT"}, 120.0),
        ({"retry-after": "Wed, 25 Nov 2026 09:00:00 GMT", "date": "Wed, 25 Nov 2026 10:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_honoured_in_both_forms_and_bounded(headers, expected_s):
    assert expected_s == read_answer(Response(503, headers, b""), sent=1, is_transactional=True).retry_after_s


def test_what_was_never_sent_may_be_sent_again_and_a_lost_answer_may_not():
    meanings = [read_failure(failed("…")).meaning for failed in (NotSentError, NoAnswerError)]

    assert [Meaning.UNAVAILABLE, Meaning.UNKNOWN] == meanings
