"""`footfall snippet`: the markup to paste into a page or an e-mail, ready for this deployment."""

import argparse
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from footfall.cli import markup
from footfall.cli.mail_services import MAIL_SERVICES, OTHER, MailService, service_named
from footfall.cli.noun import WRONG, add_noun, write_json
from footfall.cli.origin import origin_of
from footfall.configuration import Configuration, Site
from footfall.errors import ConfigurationError

EXAMPLES = """
footfall snippet --image --url https://d111111abcdef8.cloudfront.net
footfall snippet --javascript --site shop            of a site other than the default one
footfall snippet --matomo-js                         the calls that point an existing matomo.js here
footfall snippet --email mailchimp --campaign spring-2026
footfall snippet --email hubspot --mailing spring-2026
footfall snippet --email other --recipient '{{recipient_id}}' --mailing spring-2026
footfall snippet --list                              the e-mail services and their merge tags
footfall snippet --image --json                      markup and notes, for a program
"""

NOTES = """
Markup goes to standard output and what you should know about it to standard error, so that `> snippet.html` holds markup
alone. Without --url the first of edge.domain_names is used. A recipient is always an opaque id, never a mail address.
"""

_CAMPAIGN: Final = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


def add_to(nouns: "argparse._SubParsersAction[Any]") -> None:
    """Add the noun to the command line."""
    codes = {WRONG: "footfall.toml or the command line is wrong: no such site or service, no address, a tag that gives an address"}
    noun = add_noun(nouns, "snippet", summary="print the markup for a site", examples=EXAMPLES, notes=NOTES, codes=codes, run=run)
    kind = noun.add_mutually_exclusive_group(required=True)
    kind.add_argument("--image", dest="kind", action="store_const", const="image", help="an <img> for a page")
    kind.add_argument("--javascript", dest="kind", action="store_const", const="javascript", help="footfall.js: page views, events, links")
    kind.add_argument("--matomo-js", dest="kind", action="store_const", const="matomo_js", help="two calls for a matomo.js you have")
    services = [*(service.key for service in MAIL_SERVICES), OTHER]
    kind.add_argument("--email", choices=services, metavar="SERVICE", help="an <img> for e-mails: " + ", ".join(services))
    kind.add_argument("--list", action="store_true", help="list the e-mail services and their merge tags")
    noun.add_argument("--site", metavar="KEY", help="key of the site (default: the default site, else the first)")
    noun.add_argument("--url", help="address of the deployment (default: the first of edge.domain_names)")
    noun.add_argument("--configuration", type=Path, default=Path("footfall.toml"), help="sites and policies (default: %(default)s)")
    noun.add_argument("--campaign", metavar="NAME", help="e-mail: utm_campaign")
    noun.add_argument("--mailing", metavar="TAG", help="e-mail: a name for the mailing, or a merge tag, instead of the service's")
    noun.add_argument("--recipient", metavar="TAG", help="e-mail: a merge tag instead of the service's")
    noun.add_argument("--json", action="store_true", help="print a JSON object: kind, site, url, markup, notes")


def run(chosen: argparse.Namespace) -> int:
    """Print the markup.

    Raises:
        ConfigurationError: footfall.toml is wrong, or what was asked for cannot be written.
    """
    if chosen.list:
        _list(is_json=chosen.json)
        return 0
    _refuse_mail_options(chosen)
    configuration = Configuration.load(chosen.configuration)
    site = _site(configuration, chosen.site)
    url = origin_of(chosen.url, configuration).url
    service = service_named(chosen.email, recipient=chosen.recipient, mailing=chosen.mailing) if chosen.email else None
    kind = "email" if service else str(chosen.kind)
    text = _markup(kind, url, site, service, chosen.campaign)
    said = list(markup.notes(kind, configuration.privacy, service))
    if chosen.json:
        write_json({"kind": kind, "site": site.key, "url": url, "markup": text, "notes": said})
    else:
        sys.stdout.write(text + "\n")
        sys.stderr.write("".join(f"note: {line}\n" for line in said))
    return 0


def _markup(kind: str, url: str, site: Site, service: MailService | None, campaign: str | None) -> str:
    if service is not None:
        return markup.mail_image(url, site, service, campaign=campaign)
    return {"image": markup.image, "javascript": markup.script, "matomo_js": markup.matomo_calls}[kind](url, site)


def _site(configuration: Configuration, key: str | None) -> Site:
    """The site that was named, else the default one, else the first."""
    sites = {site.key: site for site in configuration.sites.registered}
    found = sites.get(key) if key is not None else sites.get(configuration.sites.default) or next(iter(sites.values()), None)
    if found is None:
        raise ConfigurationError("--site", [f"{key!r}: allowed is the key of a registered site: {', '.join(sites) or 'there is none'}"])
    return found


def _refuse_mail_options(chosen: argparse.Namespace) -> None:
    given = [name for name in ("campaign", "mailing", "recipient") if getattr(chosen, name) is not None]
    problems = [f"--{name}: only with --email" for name in given] if not chosen.email else []
    if chosen.campaign is not None and not _CAMPAIGN.fullmatch(chosen.campaign):
        problems.append(f"--campaign {chosen.campaign[:80]!r}: allowed are 1 to 200 printable characters")
    if problems:
        raise ConfigurationError("snippet", problems)


def _list(*, is_json: bool) -> None:
    if is_json:
        write_json([_row(service) for service in MAIL_SERVICES])
        return
    sys.stdout.write("".join(f"{line}\n" for line in _lines(MAIL_SERVICES)))


def _row(service: MailService) -> dict[str, str]:
    names = ("key", "name", "recipient", "mailing", "note", "source")
    return {name: getattr(service, name) for name in names}


def _lines(services: Iterable[MailService]) -> Iterable[str]:
    for service in services:
        yield f"{service.key:<16}{service.recipient:<28}{service.mailing or '(give --mailing)'}"
    yield f"{OTHER:<16}{'(give --recipient)':<28}(give --mailing)"
