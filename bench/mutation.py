"""Damage log lines: every column with the same chance, in the ways that clients, proxies and broken writers damage them."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from bench.trackers import ACCEPTED_TOKEN, PIWIK_PRO_SITE

_CHARACTERS: Final = "aZ09-_.,:;/?&=%+\"'\\<>{}[]|^~#@ \x00\x01\x1f\x7f\x85\xa0é€日😀\u0301\u2028İ²٣"
_FRAGMENTS: Final = (
    *"% %4 %zz %41 %22 %5C %00 %0A %09 %25 %2541 %C3 %A9 %c3%a9 %E2%82%AC %D8%00 %F0%9F%98%80 %u00e9".split(),
    *'& = && &= &a &a= &a=1&a=2 &=x + ; ? # &amp; - -- " \\" ","x":" \\u0041 \\'.split(),
    *"&rec=1 &rec=0 &idsite=1 &idsite=2 &idsite=77 &site=shop &site=x &bots=1 &send_image=0 &token_auth=x1".split(),
    *f"&idsite={PIWIK_PRO_SITE} &token_auth={ACCEPTED_TOKEN} &cip=198.51.100.7 &cip=::ffff:203.0.113.9 &cip=2001:db8::9%25eth0".split(),
    *"&cdt=1794980000 &cdt=2026-11-18T08:00:00%2B02:00 &cdo=-5 &cdo=x &country=fr &region=x &lat=1.5 &long=1e400 &lon=2 &uid=0".split(),
    *"&cid=ABCDEF0123456789 &ping=1 &idgoal=0 &idgoal=-1 &idgoal=7 &e_c=x &e_v=1e3 &e_v=.5 &search= &link=x &ca=1 &_pks=1 &e_t=order".split(),
    *"&uia=1 &h=9&m=5&s=0 &h=24 &new_visit=true &cookie=2 &search_count= &gt_ms=12345678901234567890 &dimension1=x &dimension0001=y".split(),
    *"&lang=DE &ua=curl/8 &utm_medium=email &utm_source=a&pk_source=b &mtm_campaign=c &gclid=g &a=2a00::1 &a=fe80::1%25eth0".split(),
    *"&a=10.0.0.1 dnt:1%0A DNT:0%0A %0Asec-gpc:1%0A %0ASec-GPC:%200 %0Asec-purpose:prefetch %0Apurpose:%20preview dnt%0A".split(),
    *"%0Aaccept-language:%44E,en https://www.google.com/search?q=a+b https://user:pw@x.example/ http://[2001:db8::1]/ //x http://[".split(),
    *"https://user:pw@x.example:8443/p;v=1?sid=1&x=1#utm_source=f 203.0.113.7 2001:db8::7 ::ffff:203.0.113.7 1795000000.5 1e9".split(),
    *"999 501 404 302 POST OPTIONS HEAD /ppms.php /1x1.gif?a=1 &PASSWORD=x &sid[]=x".split(),
    *("\r", "\x0b", "\t", "x" * 900, "1" * 5000, " "),
)

Mutation = Callable[[str, Random], str]


def mutate(line: str, random: Random) -> str:
    """Damage one to three columns of a line, each column equally likely; one line in twenty in its columns as such."""
    columns = line.rstrip("\n").split("\t")
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        position = random.randrange(len(columns))
        columns[position] = random.choice(_COLUMN_MUTATIONS)(columns[position], random)
    if random.random() < 0.05:
        random.choice(_LINE_MUTATIONS)(columns, random)
    return "\t".join(columns) + random.choice(("\n", "\n", "\n", "", "\r\n"))


def _insert(text: str, random: Random) -> str:
    position = random.randrange(len(text) + 1)
    return text[:position] + random.choice(_FRAGMENTS) + text[position:]


def _append(text: str, random: Random) -> str:
    return text + random.choice(_FRAGMENTS)


def _prepend(text: str, random: Random) -> str:
    return random.choice(_FRAGMENTS).lstrip("&") + ("&" if "&" in text else "") + text


def _insert_characters(text: str, random: Random) -> str:
    position = random.randrange(len(text) + 1)
    return text[:position] + "".join(random.choices(_CHARACTERS, k=random.randrange(1, 5))) + text[position:]


def _flip(text: str, random: Random) -> str:
    if not text:
        return random.choice(_CHARACTERS)
    position = random.randrange(len(text))
    return text[:position] + random.choice(_CHARACTERS) + text[position + 1 :]


def _flip_case(text: str, random: Random) -> str:
    start, end = _span(text, random)
    return text[:start] + text[start:end].swapcase() + text[end:]


def _delete(text: str, random: Random) -> str:
    start, end = _span(text, random)
    return text[:start] + text[end:]


def _duplicate(text: str, random: Random) -> str:
    start, end = _span(text, random)
    return text[:end] + text[start:]


def _cut(text: str, random: Random) -> str:
    return text[: random.randrange(len(text) + 1)]


def _cut_start(text: str, random: Random) -> str:
    return text[random.randrange(len(text) + 1) :]


def _empty(text: str, random: Random) -> str:
    return random.choice(("", "-", "%2D", " ", "0", text[:1]))


def _replace(text: str, random: Random) -> str:
    del text
    return random.choice(_FRAGMENTS)


def _lengthen(text: str, random: Random) -> str:
    return text + random.choice(("a", "%20", "é", "\x01", "&p=1", "1")) * random.choice((300, 800, 2_000)) + random.choice(_FRAGMENTS)


def _shuffle_parts(text: str, random: Random) -> str:
    separator = random.choice(("&", "%0A", "=", "/", "."))
    parts = text.split(separator)
    random.shuffle(parts)
    return separator.join(parts)


def _swap_value(text: str, random: Random) -> str:
    """Give one parameter the value of another, or of nobody."""
    parts = text.split("&")
    position = random.randrange(len(parts))
    name = parts[position].partition("=")[0]
    parts[position] = name + "=" + random.choice((random.choice(parts).partition("=")[2], random.choice(_FRAGMENTS), ""))
    return "&".join(parts)


def _span(text: str, random: Random) -> tuple[int, int]:
    start = random.randrange(len(text) + 1)
    return start, min(len(text), start + random.choice((1, 1, 2, 8, 40)))


_COLUMN_MUTATIONS: Final[Sequence[Mutation]] = (
    *(_insert, _append, _prepend, _insert_characters, _flip, _flip_case, _delete, _duplicate),
    *(_cut, _cut_start, _empty, _replace, _lengthen, _shuffle_parts, _swap_value, _insert),
)


def _swap_columns(columns: list[str], random: Random) -> None:
    one, other = random.randrange(len(columns)), random.randrange(len(columns))
    columns[one], columns[other] = columns[other], columns[one]


def _drop_column(columns: list[str], random: Random) -> None:
    del columns[random.randrange(len(columns))]


def _add_column(columns: list[str], random: Random) -> None:
    columns.insert(random.randrange(len(columns) + 1), random.choice(_FRAGMENTS))


def _lose_all_but_one(columns: list[str], random: Random) -> None:
    columns[:] = [random.choice(columns)]


_LINE_MUTATIONS: Final = (_swap_columns, _swap_columns, _swap_columns, _drop_column, _add_column, _lose_all_but_one)
