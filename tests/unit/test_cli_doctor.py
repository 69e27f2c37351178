"""`footfall doctor` finds a good deployment good, and says of a broken one what is wrong and what to do."""

import io
import json
import shutil
import socket
from datetime import UTC, datetime, timedelta
from email.utils import formatdate

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from footfall.cli import doctor_edge
from footfall.cli.doctor_edge import check_clock
from footfall.cli.images import problems_with_image
from footfall.cli.main import main
from footfall.cli.origin import Origin
from footfall.cli.probe import MAX_BYTES, Answer, Probe
from footfall.configuration import PIXEL_PATHS, Configuration
from footfall.errors import UnavailableError
from footfall.hits.accept import Acceptor
from footfall.hits.hit import Hit
from footfall.hits.log_fields import CANONICAL_ORDER
from footfall.hits.log_line import LineReader
from footfall.sql.dialects import presto_view
from footfall.sql.views import VIEWS
from tests.broken_server import a_broken_server, an_answer
from tests.edge_client import WEBPAGE, Stream, an_edge

PNG = (WEBPAGE / "1x1.png").read_bytes()
GIF = (WEBPAGE / "1x1.gif").read_bytes()
NOW_MS = 4_000_000_000_000
ALL_ASKED = {"answers", "clock", *(f"GET {path}" for path in PIXEL_PATHS), "send_image=0", "CORS", "preflight"} | {
    *("POST without a body", "POST with a body", "footfall.js", "https redirect")
}


@pytest.fixture(autouse=True)
def checkout(tmp_path, monkeypatch):
    """A folder with what a checkout has; no templates yet."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "footfall.toml").write_text("")
    shutil.copytree(WEBPAGE, tmp_path / "webpage")
    return tmp_path


def doctor(capsys, *arguments):
    """The exit code, and each check by its name."""
    code = main(["doctor", "--json", *arguments])
    document = json.loads(capsys.readouterr().out)
    return code, {check["name"]: check for check in document["checks"]}


def seen(checks, *names):
    return [(checks[name]["verdict"], checks[name]["seen"]) for name in names]


@pytest.fixture
def edge():
    stream = Stream()
    with an_edge(stream) as running:
        running.stream = stream
        yield running


# --- a deployment that is well -----------------------------------------------------------------------------------------------


def test_the_local_edge_is_found_good_in_every_check(edge, capsys):
    code, checks = doctor(capsys, "--url", edge.url)

    assert 0 == code
    assert set(checks) >= ALL_ASKED
    assert {"ok"} == {checks[name]["verdict"] for name in ALL_ASKED - {"https redirect"}}
    assert "skipped" == checks["https redirect"]["verdict"]


def test_looking_at_a_deployment_is_no_hit_as_shipped_and_never_one_of_a_person(edge, capsys):
    doctor(capsys, "--url", edge.url)
    lines = [line.decode() for line in wait_for_lines(edge)]

    shipped = [judged(Configuration(), line) for line in lines]
    keeping = [judged(Configuration.from_document({"privacy": {"gpc": "keep"}}), line) for line in lines]

    assert [] == [each for each in shipped if isinstance(each, Hit)]
    assert {"bot"} == {each.classification.agent_class for each in keeping if isinstance(each, Hit)}


def wait_for_lines(edge):
    """All lines, as soon as the last pixel request of a look has one."""
    edge.stream.line_where(lambda line: line["sc-status"] == "501")
    return edge.stream.lines


def judged(configuration, line):
    request = LineReader(CANONICAL_ORDER).read(line, now_ms=NOW_MS)
    return Acceptor(configuration).accept(request)


def test_people_read_a_line_for_each_check_and_what_to_do(edge, capsys):
    code = main(["doctor", "--url", edge.url])

    shown = capsys.readouterr().out
    assert 0 == code
    assert "ok      configuration: footfall.toml: good, 1 site, default main\n" in shown
    assert "skipped views: no templates of footfall in cdk.out\n          -> python app.py writes them\n" in shown
    assert shown.splitlines()[-1].endswith(" ok, 4 skipped")


def test_on_a_terminal_a_program_s_user_sees_how_far_it_is(capsys, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)

    doctor(capsys)

    assert "\r\x1b[Kpixel files: ok" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


# --- a deployment that is not ------------------------------------------------------------------------------------------------


def good(method, target, _connection=None, **changes):
    """What the edge function answers to a plain GET, changed."""
    is_png = target.partition("?")[0].endswith(".png")
    headers = {"Content_Type": "image/png" if is_png else "image/gif", "Cache_Control": "no-store", "Access_Control_Allow_Origin": "*"}
    wanted = {"Date": formatdate(usegmt=True), **headers} | {name: value for name, value in changes.items() if name != "body"}
    return an_answer(200, changes.get("body", PNG if is_png else GIF), **wanted)


def test_wrong_bytes_are_found(capsys):
    with a_broken_server(lambda method, target, _: good(method, target, body=GIF[:-1])) as server:
        code, checks = doctor(capsys, "--url", server.url)

    assert 1 == code
    assert ("fail", "its 42 bytes are not those of webpage/1x1.png") == seen(checks, "GET /1x1.png")[0]
    assert ("fail", "its 42 bytes are not those of webpage/1x1.gif") == seen(checks, "GET /matomo.php")[0]
    assert "deploy the edge stack: this is not what its edge function answers" == checks["GET /1x1.gif"]["todo"]


def test_without_the_webpage_a_pixel_must_still_be_a_whole_image(capsys, checkout):
    shutil.rmtree(checkout / "webpage")
    with a_broken_server(lambda method, target, _: good(method, target, body=GIF[:-1])) as server:
        _, checks = doctor(capsys, "--url", server.url)

    assert [("fail", "not a PNG"), ("fail", "ends in the middle")] == seen(checks, "GET /1x1.png", "GET /1x1.gif")
    assert "skipped" == checks["pixel files"]["verdict"]


def test_a_cacheable_pixel_is_found(capsys):
    changes = {"Cache_Control": "public, max-age=60", "Age": "12", "Set_Cookie": "a=b"}
    with a_broken_server(lambda method, target, _: good(method, target, **changes)) as server:
        code, checks = doctor(capsys, "--url", server.url)

    assert 1 == code
    assert [("fail", "cache-control has no no-store; it came out of a cache (age); it sets a cookie")] == seen(checks, "GET /1x1.gif")


def test_every_broken_promise_to_trackers_is_found(capsys):
    with a_broken_server(good) as server:
        _, checks = doctor(capsys, "--url", server.url)

    assert [
        ("ok", "as promised"),
        ("fail", "status 200 instead of 204"),
        ("fail", "access-control-allow-origin is '*'; credentials are not allowed: matomo.js would send every hit again"),
        ("fail", "send_image=0: status 200 instead of 204"),
        ("fail", "status 200 instead of 501"),
    ] == seen(checks, "GET /1x1.png", "send_image=0", "CORS", "POST without a body", "POST with a body")
    assert "POST is not allowed; Content-Type is not allowed" in checks["preflight"]["seen"]
    assert "content-type is 'image/gif'; another version than webpage/footfall.js" == checks["footfall.js"]["seen"]


@pytest.mark.parametrize(
    ("off_s", "verdict", "words"),
    [
        (0, "ok", "agrees within"),
        (-25, "ok", "agrees within"),
        (90, "warn", "behind the deployment"),
        (-4000, "fail", "ahead of the deployment"),
    ],
)
def test_a_clock_that_is_off_is_found(off_s, verdict, words):
    answer = Answer(200, {"date": formatdate(1_795_000_000 + off_s, usegmt=True)}, b"", 1_795_000_000.4, 0.2)

    finding = check_clock(answer)

    assert verdict == finding.verdict
    assert words in finding.seen


def test_a_clock_is_compared_with_the_deployment_s(capsys):
    with a_broken_server(lambda method, target, _: good(method, target, Date="Wed, 18 Nov 2015 11:06:40 GMT")) as server:
        _, checks = doctor(capsys, "--url", server.url)

    assert "fail" == checks["clock"]["verdict"]
    assert "set the clock (NTP)" in checks["clock"]["todo"]


@pytest.mark.parametrize("date", ["", "yesterday", "Wed, 99 Nov 2015 11:06:40 GMT"])
def test_an_answer_without_a_date_is_a_warning(date):
    assert "warn" == check_clock(Answer(200, {"date": date}, b"", 1.0, 0.1)).verdict


def test_a_deployment_that_hangs_is_given_up_once_and_in_time(capsys):
    with a_broken_server(lambda *_: None) as server:
        code, checks = doctor(capsys, "--url", server.url, "--timeout", "0.2")

    assert 1 == code
    assert f"{server.url}: no whole answer within 0.2 s" == checks["answers"]["seen"]
    assert "skipped" == checks["clock"]["verdict"]
    assert [("GET", "/1x1.png")] == server.asked


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"], ids=["headers", "body"])
def test_one_that_trickles_is_given_up_in_time_too(start):
    """A socket's own timeout begins anew with every byte."""

    def trickle(_method, _target, connection):
        connection.sendall(start)
        while not server.until.wait(0.02):
            connection.sendall(b"x")
        return b""

    with a_broken_server(trickle) as server, pytest.raises(UnavailableError, match=r"no whole answer within 0\.3 s"):
        a_probe(server, timeout_s=0.3).ask("GET", "/1x1.png")


def a_probe(server, timeout_s=5.0):
    return Probe(Origin(scheme="http", host="127.0.0.1", port=int(server.url.rpartition(":")[2])), timeout_s=timeout_s)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "ended early or is not HTTP"),
        (b"SSH-2.0-OpenSSH_9\r\n", "ended early or is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 43\r\n\r\nGIF89a", "the answer ended early"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 500 + b"\r\n", "ended early or is not HTTP"),
        (b"HTTP/1.1 200 OK\r\na: " + b"b" * 100_000, "ended early or is not HTTP"),
    ],
)
def test_what_is_no_whole_answer_gives_one_clear_line(raw, why):
    with a_broken_server(lambda *_: raw) as server, pytest.raises(UnavailableError, match=why):
        a_probe(server).ask("GET", "/1x1.png")


def test_an_answer_that_never_ends_is_not_read_to_its_end(capsys):
    endless = b"x" * (MAX_BYTES + 100_000)
    with a_broken_server(lambda method, target, _: good(method, target, body=endless)) as server:
        _, checks = doctor(capsys, "--url", server.url)
        asked = a_probe(server).ask("GET", "/1x1.gif")

    assert ("fail", f"more than {MAX_BYTES} bytes") == seen(checks, "GET /1x1.gif")[0]
    assert MAX_BYTES + 1 == len(asked.body)


def test_no_redirect_is_followed(capsys):
    with a_broken_server(good) as elsewhere, a_broken_server(lambda *_: an_answer(302, Location=f"{elsewhere.url}/1x1.png")) as server:
        code, checks = doctor(capsys, "--url", server.url)

    assert 1 == code
    assert "status 302 instead of 200" in checks["GET /1x1.png"]["seen"]
    assert [] == elsewhere.asked


def test_nobody_there_is_said_in_one_line(capsys):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        code, checks = doctor(capsys, "--url", url)

    assert (1, f"{url}: Connection refused") == (code, checks["answers"]["seen"])


def test_a_server_without_tls_is_not_taken_for_one_with_it(capsys):
    with a_broken_server(good) as server:
        code, checks = doctor(capsys, "--url", server.url.replace("http:", "https:"))

    assert 1 == code
    assert "fail" == checks["answers"]["verdict"]


@pytest.fixture
def certificate(tmp_path):
    """A certificate of this machine that nobody has signed, with its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - timedelta(1), now + timedelta(1))
    alternative = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    signed = builder.add_extension(alternative, critical=False).sign(key, hashes.SHA256())
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = tmp_path / "localhost.pem"
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + private)
    return file


def test_over_tls_all_is_asked_as_well(capsys, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with a_broken_server(good, certificate) as server:
        _, checks = doctor(capsys, "--url", server.url)

    assert ["ok", "ok", "ok"] == [checks[name]["verdict"] for name in ("answers", "GET /1x1.png", "GET /matomo.php")]


def test_over_tls_one_that_hangs_is_given_up_in_time(capsys, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with a_broken_server(lambda *_: None, certificate) as server:
        _, checks = doctor(capsys, "--url", server.url, "--timeout", "0.3")

    assert f"{server.url}: no whole answer within 0.3 s" == checks["answers"]["seen"]


def test_a_certificate_that_nobody_signed_is_refused(capsys, certificate):
    with a_broken_server(good, certificate) as server:
        code, checks = doctor(capsys, "--url", server.url)

    assert 1 == code
    assert "its certificate is not valid: self-signed certificate" in checks["answers"]["seen"]
    assert [] == server.asked


@pytest.mark.parametrize(
    ("answer", "verdict", "words"),
    [
        (an_answer(301, Location="https://pixel.example.org/1x1.png"), "ok", "http leads to https"),
        (an_answer(301, Location="https://elsewhere.example.org/1x1.png"), "fail", "redirected elsewhere"),
        (an_answer(301), "fail", "redirected elsewhere"),
        (an_answer(200), "fail", "http is answered 200"),
        (b"", "warn", "http: "),
    ],
)
def test_http_must_lead_to_https_on_the_same_host(answer, verdict, words):
    secure = Origin(scheme="https", host="pixel.example.org", port=443)
    with a_broken_server(lambda *_: answer) as server:
        finding = doctor_edge._https(a_probe(server), secure)

    assert verdict == finding.verdict
    assert words in finding.seen


@pytest.mark.parametrize(
    "url", ["http://pixel.example.org", "ftp://127.0.0.1", "https://", "pixel.example.org", "https://a.example/?b", "http://[::1"]
)
def test_an_address_that_is_none_is_refused_before_anything_is_looked_at(capsys, url):
    assert 2 == main(["doctor", "--url", url])

    shown = capsys.readouterr()
    assert "" == shown.out
    assert "allowed is https:// and a host name" in shown.err


@pytest.mark.parametrize("timeout", ["0", "61", "nan", "soon"])
def test_a_timeout_out_of_bounds_is_refused(capsys, timeout):
    with pytest.raises(SystemExit) as stopped:
        main(["doctor", "--timeout", timeout])

    assert 2 == stopped.value.code
    assert "allowed are 0.1 to 60 seconds" in capsys.readouterr().err


# --- what can be seen without one --------------------------------------------------------------------------------------------


def test_without_a_deployment_it_says_what_was_not_looked_at(capsys):
    code, checks = doctor(capsys)

    assert 0 == code
    assert {"deployment", "clock", "views", "partition projection", "log fields in the template"} == {
        name for name, check in checks.items() if check["verdict"] == "skipped"
    }


def test_a_wrong_configuration_is_listed_and_what_needs_none_is_checked(capsys, checkout):
    (checkout / "footfall.toml").write_text("[edge]\nsampling_rate = 0\nlog_fields = ['timestamp']\n")

    code, checks = doctor(capsys)

    assert 2 == code
    assert "edge.sampling_rate = 0: allowed is a whole number from 1 to 100" in checks["configuration"]["seen"]
    assert "'c-ip' is required" in checks["configuration"]["seen"]
    assert "skipped" == checks["log fields"]["verdict"]
    assert "ok" == checks["pixel files"]["verdict"]


def test_a_configuration_that_is_not_there_says_what_writes_one(capsys, checkout):
    (checkout / "footfall.toml").unlink()

    code, checks = doctor(capsys)

    assert (2, "footfall init writes one") == (code, checks["configuration"]["todo"])


def test_sampling_is_a_warning_and_no_failure(capsys, checkout):
    (checkout / "footfall.toml").write_text("[edge]\nsampling_rate = 50\n")

    code, checks = doctor(capsys)

    assert (0, "warn") == (code, checks["configuration"]["verdict"])


def test_every_list_of_fields_that_is_allowed_is_read_as_written(capsys, checkout):
    fields = [name for name in CANONICAL_ORDER if name not in {"s-ip", "cs-cookie", "x-forwarded-for"}]
    (checkout / "footfall.toml").write_text(f"[edge]\nlog_fields = {json.dumps(fields)}\n")

    _, checks = doctor(capsys)

    assert ("ok", f"{len(fields)} fields; a line of them is read as written") == seen(checks, "log fields")[0]


def test_a_parser_that_reads_another_column_is_found(capsys, monkeypatch):
    read = LineReader.read

    def swapped(self, line, *, now_ms):
        request = read(self, line, now_ms=now_ms)
        request.host, request.path = request.path, request.host
        return request

    monkeypatch.setattr(LineReader, "read", swapped)

    code, checks = doctor(capsys)

    assert 1 == code
    assert (
        "the parser reads another host than the line has; the parser reads another path than the line has" == checks["log fields"]["seen"]
    )


def test_pixel_files_that_are_damaged_or_missing_are_found(capsys, checkout):
    (checkout / "webpage/1x1.png").write_bytes(PNG[:-4])
    (checkout / "webpage/1x1.gif").unlink()

    code, checks = doctor(capsys)

    assert (1, "1x1.png: ends in the middle; there is no 1x1.gif") == (code, checks["pixel files"]["seen"])


def flipped(content, at):
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def test_both_shipped_pixels_are_whole():
    assert [] == problems_with_image("/1x1.png", PNG) + problems_with_image("/1x1.gif", GIF)


@pytest.mark.parametrize("cut", range(len(PNG)))
def test_no_beginning_of_the_png_is_whole(cut):
    assert problems_with_image("/1x1.png", PNG[:cut])


@pytest.mark.parametrize("cut", range(len(GIF)))
def test_no_beginning_of_the_gif_is_whole(cut):
    assert problems_with_image("/1x1.gif", GIF[:cut])


@pytest.mark.parametrize("at", range(len(PNG)))
def test_a_bit_that_flipped_in_the_png_is_found(at):
    assert problems_with_image("/1x1.png", flipped(PNG, at))


@pytest.mark.parametrize(
    "content", [PNG + b"x", GIF + b"x", PNG[:-12], GIF[:13] + b"\x00;", GIF[:6] + b"\x02" + GIF[7:], GIF[:-1] + GIF[27:]]
)
def test_what_stands_behind_the_end_or_is_no_pixel_is_found(content):
    assert problems_with_image("/1x1.png" if content.startswith(b"\x89") else "/1x1.gif", content)


# --- the templates -----------------------------------------------------------------------------------------------------------


def write_templates(folder, *, sites="main", fields=None, view=None, place="/hits/site=${site}/date=${date}/", **parameters):
    """Templates as `python app.py` writes them, as far as the doctor reads them."""
    dates = {"projection.date.type": "date", "projection.date.format": "yyyy-MM-dd", "projection.enabled": "true"}
    keyed = {"projection.site.type": "enum", "projection.site.values": sites, **dates, **parameters}
    tables = [
        a_table(
            "hits_raw", ["site", "date"], {**keyed, "storage.location.template": {"Fn::Join": ["", ["s3://", {"Ref": "Lake"}, place]]}}
        ),
        a_table("rejects", ["date"], {**dates, "storage.location.template": "s3://lake/rejects/date=${date}/"}),
        *(a_table(each.name, [], {}, ViewOriginalText=(view or presto_view(each, database="footfall"))) for each in VIEWS),
    ]
    logs = {"Type": "AWS::CloudFront::RealtimeLogConfig", "Properties": {"Fields": fields or list(Configuration().edge.log_fields)}}
    folder.mkdir()
    (folder / "footfall-lake.template.json").write_text(json.dumps({"Resources": dict(enumerate(tables))}))
    (folder / "footfall-edge.template.json").write_text(json.dumps({"Resources": {"Logs": logs}}))


def a_table(name, keys, parameters, **more):
    table = {"Name": name, "PartitionKeys": [{"Name": key} for key in keys], "Parameters": parameters, **more}
    return {"Type": "AWS::Glue::Table", "Properties": {"TableInput": table}}


TEMPLATE_CHECKS = ("partition projection", "views", "log fields in the template")


def test_templates_that_agree_are_good(capsys, checkout):
    write_templates(checkout / "cdk.out")

    _, checks = doctor(capsys)

    assert ["ok", "ok", "ok"] == [checks[name]["verdict"] for name in TEMPLATE_CHECKS]


@pytest.mark.parametrize(
    ("changes", "name", "words"),
    [
        ({"sites": "main,shop"}, "partition projection", "projection.site.values is 'main,shop' and should be 'main'"),
        ({"projection.date.format": "YYYY-MM-dd"}, "partition projection", "should be 'yyyy-MM-dd'"),
        ({"place": "/hits/${site}/${date}/"}, "partition projection", "does not end in /hits/site=${site}/date=${date}/"),
        ({"view": "SELECT 1"}, "views", "email_opens is another than this version's"),
        ({"fields": ["c-ip", "timestamp"]}, "log fields in the template", "not edge.log_fields, in this order"),
    ],
)
def test_templates_older_than_the_configuration_are_found(capsys, checkout, changes, name, words):
    write_templates(checkout / "cdk.out", **changes)

    code, checks = doctor(capsys)

    assert (1, "fail") == (code, checks[name]["verdict"])
    assert words in checks[name]["seen"]
    assert "python app.py writes the templates anew, then deploy them" == checks[name]["todo"]


@pytest.mark.parametrize(
    "content", ["", "[]", '{"Resources": {"a": 1}}', '{"Resources": {"a": {"Type": "AWS::Glue::Table", "Properties": {}}}}']
)
def test_templates_that_cannot_be_read_give_one_clear_finding(capsys, checkout, content):
    write_templates(checkout / "cdk.out")
    (checkout / "cdk.out/footfall-lake.template.json").write_text(content)

    code, checks = doctor(capsys)

    assert (1, "those in cdk.out cannot be read") == (code, checks["templates"]["seen"])
