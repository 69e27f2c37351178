"""The merge tags of e-mail services: which one is an opaque id of the recipient, and which one names the mailing.

A recipient tag is an id that means nothing outside the service, never the address nor a hash of it: addresses can be guessed and
hashed by anyone, and a URL is written to logs on its way. Each row says where its tags are documented; *second hand* means that the
service's own page was not read, only a copy of it or published code that uses the tag. Services without either are not here.
"""

import re
from dataclasses import dataclass
from typing import Final

from footfall.errors import ConfigurationError

OTHER: Final = "other"
"""Any other service: both tags are given by the person who knows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailService:
    """One service; `mailing` is "" where it has no tag for it, `note` says what must be prepared there."""

    key: str
    name: str
    recipient: str
    source: str
    mailing: str = ""
    note: str = ""


_OWN_VALUES: Final = "give both as values of each message's own data; recipient_id is an id of yours, not the address"

MAIL_SERVICES: Final = (
    MailService(
        key="activecampaign",
        name="ActiveCampaign",
        recipient="%SUBSCRIBERID%",
        mailing="%CAMPAIGNID%",
        source="second hand: the tests of the Newspack Newsletters plugin, after help.activecampaign.com/hc/en-us/articles/220709307",
    ),
    MailService(
        key="brevo",
        name="Brevo",
        recipient="{{ contact.EXT_ID }}",
        source="help.brevo.com/hc/en-us/articles/4402386448530 (contact.ATTRIBUTE), developers.brevo.com/changelog/2026/7/30 (EXT_ID)",
        note="fill the contacts' attribute EXT_ID with an id of your own first",
    ),
    MailService(
        key="customerio",
        name="Customer.io",
        recipient="{{customer.cio_id}}",
        source="second hand: published integrations, after docs.customer.io on the JavaScript source (ajs_uid=cio_{{customer.cio_id}})",
        note="not customer.id, which may be an address",
    ),
    MailService(
        key="hubspot",
        name="HubSpot",
        recipient="{{ contact.hs_object_id }}",
        source="developers.hubspot.com/docs/cms/reference/hubl/variables (contact and its properties); second hand: hs_object_id",
    ),
    MailService(
        key="klaviyo",
        name="Klaviyo",
        recipient="{{ person.KlaviyoID }}",
        source="help.klaviyo.com/hc/en-us/articles/4408802648731, Message personalization reference",
        note="not person.id, which is an external id and may be an address",
    ),
    MailService(
        key="listmonk",
        name="listmonk",
        recipient="{{ .Subscriber.UUID }}",
        mailing="{{ .Campaign.UUID }}",
        source="listmonk.app/docs/templating",
    ),
    MailService(
        key="mailchimp",
        name="Mailchimp",
        recipient="*|UNIQID|*",
        mailing="*|CAMPAIGN_UID|*",
        source="second hand: knowledge.validity.com/hc/en-us/articles/360047239072 (CAMPAIGN_UID), published templates (UNIQID)",
        note="not EMAIL, which is the address",
    ),
    MailService(
        key="mailgun",
        name="Mailgun",
        recipient="%recipient.unique_id%",
        source="second hand: copies of Mailgun's documentation of batch sending",
        note="give each recipient a variable unique_id, an id of yours; %recipient% alone is the address",
    ),
    MailService(
        key="mailwizz",
        name="MailWizz",
        recipient="[SUBSCRIBER_UID]",
        mailing="[CAMPAIGN_UID]",
        source="second hand: MailWizz's article on campaign tags, as at christopherbolt.com/support/knowledgebase/42",
    ),
    MailService(
        key="mautic",
        name="Mautic",
        recipient="{contactfield=id}",
        source="Mautic's user documentation 5.x, docs/configuration/variables.rst",
    ),
    MailService(
        key="salesforce",
        name="Salesforce Marketing Cloud",
        recipient="%%subscriberid%%",
        mailing="%%jobid%%",
        source="ampscript.guide/system-strings (jobid); second hand: published templates (subscriberid)",
        note="not _subscriberkey, which may be an address (help.salesforce.com, mc_es_subscriber_key)",
    ),
    MailService(
        key="sendgrid",
        name="Twilio SendGrid, dynamic templates",
        recipient="{{recipient_id}}",
        mailing="{{mailing_id}}",
        source="docs.sendgrid.com/ui/sending-email/substitution-and-section-tags (Handlebars for dynamic templates)",
        note=_OWN_VALUES,
    ),
    MailService(
        key="ses",
        name="Amazon SES templates",
        recipient="{{recipient_id}}",
        mailing="{{mailing_id}}",
        source="aws.amazon.com/blogs/ses/introducing-email-templates-and-bulk-sending",
        note=_OWN_VALUES,
    ),
)

_TAG: Final = re.compile(r"""(\*\|[^"<>&|]+\|\*|\{\{[^"<>&{}]+\}\}|\{[^"<>&{}]+\}|%%[^"<>&%]+%%|%[^"<>&%]+%|\[[^"<>&\[\]]+\])""")
_TEXT: Final = re.compile(r"[A-Za-z0-9._~-]{1,80}")
_ADDRESS: Final = re.compile(r"mail(?!ing|chimp|gun|wizz)|@|^%recipient%$|subscriberkey|\bcustomer\.id\b|\bperson\.id\b", re.IGNORECASE)


def service_named(key: str, *, recipient: str | None, mailing: str | None) -> MailService:
    """A service with the tags it has, or those that were given instead.

    Raises:
        ConfigurationError: a tag is missing, is none, or would put an address into the URL.
    """
    known = next((service for service in MAIL_SERVICES if service.key == key), None)
    chosen = MailService(
        key=key,
        name=known.name if known else "your service",
        recipient=recipient or (known.recipient if known else ""),
        mailing=mailing or (known.mailing if known else ""),
        source=known.source if known else "",
        note=known.note if known and recipient is None else "",
    )
    problems = [*_recipient_problems(chosen.recipient), *_mailing_problems(chosen)]
    if problems:
        raise ConfigurationError(f"--email {key}", problems)
    return chosen


def yields_address(tag: str) -> bool:
    """Whether a merge tag gives, or may give, the recipient's address.

    >>> yields_address("*|EMAIL|*"), yields_address("%%emailaddr%%"), yields_address("*|UNIQID|*"), yields_address("{{ email|md5 }}")
    (True, True, False, True)
    """
    return _ADDRESS.search(tag) is not None


def _recipient_problems(tag: str) -> list[str]:
    if yields_address(tag):
        return [f"--recipient {tag!r} gives, or may give, the mail address: allowed is the tag of an id that means nothing elsewhere"]
    return [] if _TAG.fullmatch(tag) else [f"--recipient {tag!r}: allowed is one merge tag, for example {{{{recipient_id}}}}"]


def _mailing_problems(service: MailService) -> list[str]:
    if yields_address(service.mailing):
        return [f"--mailing {service.mailing!r} gives, or may give, the mail address: allowed is a tag or a name of the mailing"]
    if _TAG.fullmatch(service.mailing) or _TEXT.fullmatch(service.mailing):
        return []
    return [f"--mailing {service.mailing!r}: {service.name} has no tag for it here; allowed is a name like spring-2026, or one merge tag"]
