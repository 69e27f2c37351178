"""What site owners paste: images, scripts and e-mail pixels, complete and escaped; pure text."""

import html
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from footfall.cli.mail_services import MailService
from footfall.configuration import Privacy, Site

REFERRER_POLICY: Final = "no-referrer-when-downgrade"
"""Lets the browser send the page's path, which it keeps back from other hosts by default."""

_GPC_EFFECTS: Final = {
    "keep": "is noted in the row and changes nothing else",
    "strip": "leaves a row without visitor id, user id and address",
    "drop": "writes no row; that is counted",
}


def tracker_id(site: Site) -> str:
    """What a tracker calls the site: its first number, which no dialect can mistake, else its key.

    >>> tracker_id(Site(key="shop", ids=("2b1f0c9e-0000-4000-8000-000000000000", "7")))
    '7'
    """
    return next((name for name in site.ids if name.isascii() and name.isdigit()), site.key)


def image(url: str, site: Site) -> str:
    """An image for a page: one plain pixel."""
    return _img(f"{url}/1x1.png?site={site.key}", f' referrerpolicy="{REFERRER_POLICY}"')


def script(url: str, site: Site) -> str:
    """Footfall's own tracker, footfall.js."""
    return f'<script src="{_attribute(url)}/footfall.js" data-site="{_attribute(tracker_id(site))}" defer></script>'


def matomo_calls(url: str, site: Site) -> str:
    """The two calls that point an existing matomo.js here."""
    return f"_paq.push(['setTrackerUrl', '{url}/matomo.php']);\n_paq.push(['setSiteId', '{tracker_id(site)}']);"


def mail_image(url: str, site: Site, service: MailService, *, campaign: str | None) -> str:
    """An image for an e-mail; the view email_opens reads `mailing` and `recipient`. Merge tags stay as the service knows them.

    The page it is shown on is a webmail's, whose address is the reader's business: it is not asked for.
    """
    fixed = {"site": site.key, "utm_medium": "email", "utm_source": service.key}
    named = fixed | ({"utm_campaign": campaign} if campaign else {})
    pairs = [*(f"{name}={quote(value, safe='')}" for name, value in named.items()), f"mailing={service.mailing}"]
    return _img(f"{url}/1x1.gif?{'&'.join([*pairs, f'recipient={service.recipient}'])}", ' referrerpolicy="no-referrer"')


def notes(kind: str, privacy: Privacy, service: MailService | None) -> Iterable[str]:
    """What the person who pastes must know: signals, where it goes, what must be prepared."""
    effect = _GPC_EFFECTS[privacy.gpc]
    if kind == "javascript":
        yield f'With Global Privacy Control or Do Not Track on, footfall.js sends nothing; with data-signals="send" a GPC hit {effect}.'
        yield "It belongs into <head>. A content security policy must allow this host in script-src, connect-src and img-src."
    elif kind == "matomo_js":
        yield f'Global Privacy Control: matomo.js sends all the same; here privacy.gpc = "{privacy.gpc}": such a hit {effect}.'
        yield "Put these in place of the two calls of your tracking code; matomo.js itself may stay where it is loaded from."
    else:
        yield f'Global Privacy Control: the browser sends the signal with the image; privacy.gpc = "{privacy.gpc}": such a hit {effect}.'
    if service is not None:
        yield "Put it at the end of the message's HTML. Mail readers that load no images are not counted, and proxies load them unread."
        yield "recipient must stay an id that means nothing elsewhere: never the address, nor a hash of it (docs/cli.md says why)."
        if service.note:
            yield f"{service.name}: {service.note}."


def _img(url: str, attributes: str) -> str:
    return f'<img src="{_attribute(url)}" width="1" height="1" alt=""{attributes}>'


def _attribute(text: str) -> str:
    return html.escape(text, quote=True)
