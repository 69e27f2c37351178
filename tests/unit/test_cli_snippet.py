"""`footfall snippet` prints markup that works: each URL, merge tags filled, is a hit of its site with the e-mail columns right."""

import json
import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from footfall.cli.mail_services import MAIL_SERVICES, yields_address
from footfall.cli.main import main
from footfall.cli.markup import tracker_id
from footfall.configuration import Configuration, Site
from footfall.hits.accept import Acceptor
from footfall.hits.hit import Hit
from tests.builders import a_log_line, a_request
from tests.unit.test_sql import ask, write_lake

URL = "https://pixel.example.org"
SERVICES = [service.key for service in MAIL_SERVICES]
TOML = """
[sites]
default = "main"
[sites.main]
ids = ["1"]
[sites.shop]
ids = ["2b1f0c9e-0000-4000-8000-000000000000", "7"]
[privacy]
gpc = "strip"
"""


@pytest.fixture(autouse=True)
def configuration(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "footfall.toml").write_text(TOML)
    return Configuration.load(tmp_path / "footfall.toml")


def run(capsys, *arguments):
    code = main(["snippet", *arguments])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def elements(markup):
    found = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attributes):
            found.append((tag, dict(attributes)))

    Reader().feed(markup)
    return found


def source_of(markup):
    ((_, attributes),) = elements(markup)
    return attributes["src"]


def filled(source, service):
    """The URL as the service sends it: its merge tags replaced."""
    sent = source.replace(service.recipient, "8f14e45fceea")
    return sent.replace(service.mailing, "c4ca4238") if service.mailing else sent


def accepted(configuration, url):
    parts = urlsplit(url)
    return Acceptor(configuration).accept(a_request(host=parts.hostname, path=parts.path, query=parts.query))


@pytest.mark.parametrize("service", MAIL_SERVICES, ids=SERVICES)
def test_an_e_mail_s_image_is_an_open_with_mailing_and_recipient(configuration, capsys, service):
    named = () if service.mailing else ("--mailing", "c4ca4238")

    code, markup, _ = run(capsys, "--email", service.key, "--site", "shop", "--url", URL, "--campaign", "Spring & <Summer>", *named)
    hit = accepted(configuration, filled(source_of(markup), service))

    assert 0 == code
    assert isinstance(hit, Hit)
    assert ("shop", "email_open", True) == (hit.site, hit.action, hit.is_email_open)
    assert ("email", service.key, "Spring & <Summer>") == (hit.page.campaign_medium, hit.page.campaign_source, hit.page.campaign_name)
    assert ("c4ca4238", "8f14e45fceea") == (hit.parameters["mailing"], hit.parameters["recipient"])


@pytest.mark.parametrize("service", MAIL_SERVICES, ids=SERVICES)
def test_a_filled_in_url_has_no_trace_of_a_tag_left(capsys, service):
    _, markup, _ = run(capsys, "--email", service.key, "--url", URL, *(() if service.mailing else ("--mailing", "m")))

    assert re.fullmatch(r"[A-Za-z0-9:/?&=._~-]+", filled(source_of(markup), service))


def test_the_view_of_e_mail_opens_reads_what_the_snippet_sends(tmp_path, capsys):
    _, markup, _ = run(capsys, "--email", "listmonk", "--url", URL)
    service = next(each for each in MAIL_SERVICES if each.key == "listmonk")
    parts = urlsplit(filled(source_of(markup), service))

    lake = write_lake(tmp_path / "lake", a_log_line(cs_uri_stem=parts.path, cs_uri_query=parts.query))

    rows = ask(lake, "SELECT site, mailing, recipient, recipient_origin, open_number, campaign_medium FROM email_opens")
    lake.close()
    assert [("main", "c4ca4238", "8f14e45fceea", "parameter", 1, "email")] == rows


def test_a_page_s_image_is_a_hit_of_its_site_and_sends_the_page_s_path(configuration, capsys):
    code, markup, notes = run(capsys, "--image", "--site", "shop", "--url", f"{URL}/")
    ((tag, attributes),) = elements(markup)
    hit = accepted(configuration, attributes["src"])

    assert (0, "img") == (code, tag)
    assert {"width": "1", "height": "1", "alt": "", "referrerpolicy": "no-referrer-when-downgrade"} == {
        name: value for name, value in attributes.items() if name != "src"
    }
    assert ("shop", "pixel") == (hit.site, hit.action)
    assert 'privacy.gpc = "strip": such a hit leaves a row without visitor id, user id and address' in notes


def test_an_e_mail_s_image_does_not_tell_where_the_mail_is_read(capsys):
    _, markup, _ = run(capsys, "--email", "ses", "--url", URL)

    ((_, attributes),) = elements(markup)
    assert "no-referrer" == attributes["referrerpolicy"]


def test_the_script_names_the_site_as_footfall_js_sends_it(configuration, capsys):
    _, markup, notes = run(capsys, "--javascript", "--site", "shop", "--url", URL)
    ((tag, attributes),) = elements(markup)
    hit = accepted(configuration, f"{URL}/matomo.php?idsite={attributes['data-site']}&rec=1&url=https%3A%2F%2Fwww.example.org%2F")

    assert ("script", f"{URL}/footfall.js", "7", None) == (tag, attributes["src"], attributes["data-site"], attributes["defer"])
    assert ("shop", "matomo", "page_view") == (hit.site, hit.dialect, hit.action)
    assert "footfall.js sends nothing" in notes


def test_an_existing_matomo_js_is_pointed_here(configuration, capsys):
    _, calls, notes = run(capsys, "--matomo-js", "--url", "https://PIXEL.example.org")

    tracker, site = re.findall(r"_paq\.push\(\['\w+', '([^']+)'\]\);", calls)
    hit = accepted(configuration, f"{tracker}?idsite={site}&rec=1&url=https%3A%2F%2Fwww.example.org%2F")
    assert (f"{URL}/matomo.php", "main") == (tracker, hit.site)
    assert "matomo.js sends all the same" in notes


def test_a_program_gets_markup_and_notes(capsys):
    code, out, err = run(capsys, "--email", "ses", "--url", URL, "--json")

    document = json.loads(out)
    assert (0, "", "email", "main", URL) == (code, err, document["kind"], document["site"], document["url"])
    assert source_of(document["markup"]).endswith("mailing={{mailing_id}}&recipient={{recipient_id}}")
    assert any("never the address" in note for note in document["notes"])


def test_the_address_comes_from_the_deployment_s_own_host_name(tmp_path, capsys):
    names = '[edge]\ndomain_names = ["own.example.org"]\ncertificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/a"\n'
    (tmp_path / "footfall.toml").write_text(names)

    assert "https://own.example.org/1x1.png?site=main" == source_of(run(capsys, "--image")[1])


@pytest.mark.parametrize("service", MAIL_SERVICES, ids=SERVICES)
def test_no_service_s_tag_gives_an_address_and_each_says_where_it_is_documented(service):
    assert not yields_address(service.recipient)
    assert not yields_address(service.mailing)
    assert service.source


@pytest.mark.parametrize(
    "tag",
    [
        *("*|EMAIL|*", "{{ contact.EMAIL }}", "%EMAIL%", "%%emailaddr%%", "{{ .Subscriber.Email }}", "{{lead.Email Address}}"),
        *("%recipient%", "%recipient_email%", "%%_subscriberkey%%", "{{ email|md5 }}", "[email]", "{{customer.id}}", "{{ person.id }}"),
        *("$SUBSCRIBER.EMAIL$", "jane@example.org"),
    ],
)
def test_a_tag_that_gives_or_may_give_an_address_is_refused(capsys, tag):
    code, out, err = run(capsys, "--email", "other", "--recipient", tag, "--mailing", "m", "--url", URL)

    assert (2, "") == (code, out)
    assert "the mail address: allowed is the tag of an id that means nothing elsewhere" in err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (
            ("--image", "--site", "absent", "--url", URL),
            "--site: 1 problem\n  - 'absent': allowed is the key of a registered site: main, shop",
        ),
        (("--image",), "needed, because footfall.toml names no edge.domain_names"),
        (("--image", "--url", "http://pixel.example.org"), "allowed is https:// and a host name"),
        (("--image", "--url", "https://pixel.example.org/path"), "allowed is https:// and a host name"),
        (("--image", "--url", "https://pixel.example.org:99999"), "allowed is https:// and a host name"),
        (("--image", "--url", 'https://a"><script>'), "allowed is https:// and a host name"),
        (("--image", "--url", "javascript:alert(1)"), "allowed is https:// and a host name"),
        (("--image", "--url", URL, "--mailing", "m"), "--mailing: only with --email"),
        (("--email", "hubspot", "--url", URL), "HubSpot has no tag for it here"),
        (("--email", "other", "--url", URL), "--recipient '': allowed is one merge tag"),
        (("--email", "ses", "--url", URL, "--recipient", '{{a}}"><b'), "allowed is one merge tag"),
        (("--email", "ses", "--url", URL, "--mailing", "two words"), "allowed is a name like spring-2026, or one merge tag"),
        (("--email", "ses", "--url", URL, "--campaign", ""), "allowed are 1 to 200 printable characters"),
    ],
)
def test_what_cannot_be_written_is_said_with_what_is_allowed(capsys, arguments, problem):
    code, out, err = run(capsys, *arguments)

    assert (2, "") == (code, out)
    assert problem in err


def test_a_password_in_an_address_is_not_shown(capsys):
    code, _, err = run(capsys, "--image", "--url", "https://jane:secret@pixel.example.org")

    assert 2 == code
    assert "secret" not in err


def test_the_services_are_listed(capsys):
    code, out, _ = run(capsys, "--list")
    _, document, _ = run(capsys, "--list", "--json")

    assert 0 == code
    assert all(service.recipient in out for service in MAIL_SERVICES)
    assert SERVICES == [service["key"] for service in json.loads(document)]


def test_a_site_without_a_number_is_named_by_its_key():
    assert "shop" == tracker_id(Site(key="shop", ids=("2b1f0c9e-0000-4000-8000-000000000000", "a'b")))
