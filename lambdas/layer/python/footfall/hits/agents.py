"""Who sent a request, read from its user agent: a browser on a device, or which kind of program; a judgement, never a filter."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import re2
from ua_parser.loaders import load_lazy_builtins
from ua_parser.re2 import Resolver

from footfall.hits.agent_rules import DEVICE_TYPES, NAMED, RULES, RULES_VERSION

__all__ = ["RULES_VERSION", "Agent", "Classification", "classify", "describe", "prepare", "with_purpose"]

MAX_AGENT_CHARACTERS: Final = 1024
"""What follows in a user agent is not read: the longest real ones, of in-app browsers, have about 600."""

PREFETCHED: Final = "purpose:prefetch"
"""Evidence that a machine fetched this before anybody asked to see it, by what the request itself says."""

MAX_NAME_CHARACTERS: Final = 100
"""A device family is partly the sender's own text, so it is cut."""


class Agent(NamedTuple):
    """Browser, operating system and device; versions are major versions; None where the user agent does not tell."""

    browser: str | None
    browser_version: str | None
    os: str | None
    os_version: str | None
    device: str | None
    device_type: str | None


class Classification(NamedTuple):
    """What kind of sender it is, and what was seen that says so; docs/classification.md explains each value.

    `open_class` is what an e-mail open through this agent means: `proxy` (fetched when the mail is read), `prefetch` (fetched
    by a machine, read or not), None (fetched by the reader's own client).
    """

    agent_class: str
    bot_kind: str | None
    agent_name: str | None
    open_class: str | None
    evidence: tuple[str, ...]


_HUMAN: Final = Classification("human", None, None, None, ())
_AHEAD_OF_TIME: Final = frozenset({"prefetch", "prerender", "preview"})


def describe(user_agent: str) -> Agent:
    """Name browser, system and device with ua-parser's rules; never raises, whatever the text.

    Programs have no device: ua-parser's `Spider` is None here. Takes about 60 us: remember the answer.

    >>> describe("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0")
    Agent(browser='Firefox', browser_version='145', os='Linux', os_version=None, device=None, device_type='desktop')
    """
    text = user_agent[:MAX_AGENT_CHARACTERS]
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate would stop RE2
    browser, system, device = (_first(filter_, matchers, text) for filter_, matchers in _families())
    is_program = device is not None and device.family == "Spider"
    return Agent(
        browser and _short(browser.family),
        browser and _short(browser.major),
        system and _short(system.family),
        system and _short(system.major),
        None if is_program or device is None else _short(device.family),
        None if is_program else _device_type(text),
    )


def classify(user_agent: str) -> Classification:
    """Judge a user agent by the rules; never raises. Takes about 2 us. Without any user agent it is a bot: a person's client sends one.

    >>> classify("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.3; +https://openai.com/gptbot)")
    Classification(agent_class='bot', bot_kind='ai_training', agent_name='GPTBot', open_class=None, evidence=('user_agent:GPTBot',))
    """
    match, verdicts = _judge()
    rows = match(_folded(user_agent))
    return verdicts[min(rows)] if rows else _HUMAN


def with_purpose(classification: Classification, purpose: str) -> Classification:
    """Take a Sec-Purpose, Purpose or X-Moz header into account: a machine fetched this before anybody asked to see it.

    Bots and scanners stay what they are: theirs is the stronger statement.

    >>> with_purpose(classify("Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0"), "prefetch;prerender").agent_class
    'prefetch'
    """
    if not purpose or classification.agent_class in ("bot", "scanner"):
        return classification
    stated = {part.strip() for part in purpose.lower().replace(",", ";").split(";")}
    if _AHEAD_OF_TIME.isdisjoint(stated):
        return classification
    return classification._replace(agent_class="prefetch", open_class="prefetch", evidence=(*classification.evidence, PREFETCHED))


def prepare() -> None:
    """Build the matchers now (80 ms) and not at the first user agent: for a function's cold start."""
    describe("")
    classify("")


def _short(text: str | None) -> str | None:
    return text and text[:MAX_NAME_CHARACTERS]


def _folded(user_agent: str) -> bytes:
    """ASCII lower case, so that RE2 and Python agree about every character; the form in which rules are matched."""
    return user_agent[:MAX_AGENT_CHARACTERS].encode("ascii", "replace").lower().strip()


def _device_type(text: str) -> str | None:
    rows = _device_rows()(_folded(text))
    return DEVICE_TYPES[min(rows)][1] if rows else None


def _first(filter_: Any, matchers: Sequence[Any], text: str) -> Any:
    """The answer of the first matcher that RE2 finds, or None; ua-parser raises ValueError where a rule captures only blanks."""
    rows = filter_.Match(text)
    if not rows:
        return None
    try:
        return matchers[min(rows)](text)
    except ValueError:
        return None


@cache
def _families() -> tuple[tuple[Any, Sequence[Any]], ...]:
    resolver = Resolver(load_lazy_builtins())
    return (
        (resolver.ua, resolver.user_agent_matchers),
        (resolver.os, resolver.os_matchers),
        (resolver.devices, resolver.device_matchers),
    )


@cache
def _judge() -> tuple[Callable[[bytes], list[int] | None], tuple[Classification, ...]]:
    named = len(NAMED)
    verdicts = tuple(
        Classification(rule.agent_class, rule.kind, rule.name if row < named else None, rule.open_class, (f"user_agent:{rule.name}",))
        for row, rule in enumerate(RULES)
    )
    return _one_pass(rule.pattern for rule in RULES), verdicts


@cache
def _device_rows() -> Callable[[bytes], list[int] | None]:
    return _one_pass(pattern for pattern, _ in DEVICE_TYPES)


def _one_pass(patterns: Iterable[str]) -> Callable[[bytes], list[int] | None]:
    """Compile all patterns into one automaton that reads a text once and answers the rows that match, in no order."""
    automaton = re2.Set.SearchSet()
    for pattern in patterns:
        automaton.Add(pattern.encode("ascii"))
    automaton.Compile()
    match: Callable[[bytes], list[int] | None] = automaton.Match
    return match
