"""Write docs/cli.md from the command line itself: `python -m footfall.cli.manual`."""

import argparse
import re
from pathlib import Path
from typing import Any, Final

from footfall.cli.mail_services import MAIL_SERVICES
from footfall.cli.main import parser

PAGE: Final = Path("docs/cli.md")

_LEAD: Final = """# The command line

<!-- Generated from the code by `python -m footfall.cli.manual`; a test holds that it is current. -->

`pip install footfall` brings the command `footfall`. In a checkout it is
`PYTHONPATH=lambdas/layer/python .venv/bin/python -m footfall.cli`. Every noun has `--help` with what stands here, and `--json`
for programs. Standard output holds the answer, standard error what is said about it; progress is shown on terminals alone.
"""

_MAIL: Final = """## E-mail services

`footfall snippet --email SERVICE` writes these merge tags. *Second hand* means that the service's
own page was not read, only a copy of it or published code that uses the tag; services without either are not here, and `--email other`
takes the tags you give. Send yourself a test message and look at the image's address before you send to all.

{table}

**Why never the address.** `recipient` tells one recipient's opens from another's, and any id does that. The address would stand in
clear in a URL: in the stream, in the lake for as long as rows are kept, and with every proxy and gateway on the way. A hash of it is no
better, since addresses can be guessed and hashed. An opaque id means something only to who can ask the e-mail service. So `snippet`
refuses tags that give, or may give, an address, also when you name them with `--recipient`; a Salesforce subscriber key, a Customer.io
`customer.id` and a Klaviyo `person.id` are such, because many accounts use the address as key.

The view `email_opens` ([sql.md](sql.md)) reads `mailing` and `recipient`. Where a service has no tag for the mailing, `--mailing` takes a
name. With Global Privacy Control or Do Not Track, `privacy.gpc` and `privacy.dnt` decide before anything is written.
"""


def page() -> str:
    """The whole page; the same on every version of Python."""
    command = parser()
    nouns = _nouns(command)
    listed = "\n".join(f"- [`footfall {name}`](#footfall-{name}): {_inline(noun.description or '')}" for name, noun in nouns.items())
    sections = "\n".join(_section(name, noun) for name, noun in nouns.items())
    return f"{_LEAD}\n{listed}\n\n{_epilog(command)}\n{sections}\n{_MAIL.format(table=_services())}"


def _nouns(command: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    groups = [action for action in _actions(command) if isinstance(action, argparse._SubParsersAction)]  # noqa: SLF001 - argparse has no other way to read a parser
    return dict(groups[0].choices)


def _actions(command: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in command._actions if not isinstance(action, argparse._HelpAction)]  # noqa: SLF001 - as above


def _section(name: str, noun: argparse.ArgumentParser) -> str:
    rows = [f"| {_names(action)} | {_inline(_help(action))} |" for action in _actions(noun)]
    table = "\n".join(["| option | meaning |", "| --- | --- |", *rows])
    return f"## footfall {name}\n\n{_inline(noun.description or '')}\n\n{table}\n\n{_epilog(noun)}"


def _names(action: argparse.Action) -> str:
    """An option as it is typed.

    >>> _names(argparse.ArgumentParser().add_argument("--site", metavar="KEY"))
    '`--site KEY`'
    >>> _names(argparse.ArgumentParser().add_argument("--watch", metavar="SECONDS", nargs="?"))
    '`--watch [SECONDS]`'
    """
    metavar = action.metavar or action.dest.upper()
    if not action.option_strings:
        return f"`{metavar}`"
    takes_value = action.nargs != 0
    if action.choices and action.metavar is None:
        metavar = "{" + ",".join(map(str, action.choices)) + "}"
    if action.nargs == "?":
        metavar = f"[{metavar}]"
    return ", ".join(f"`{option}{f' {metavar}' if takes_value else ''}`" for option in action.option_strings)


def _help(action: argparse.Action) -> str:
    values: dict[str, Any] = {**vars(action), "prog": "footfall"}
    return (action.help or "") % values


def _inline(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def _epilog(command: argparse.ArgumentParser) -> str:
    """Examples as a block of commands, exit codes as a table, anything between as it is."""
    parts = []
    for part in re.split(r"\n\n", (command.epilog or "").strip()):
        title, _, rest = part.partition("\n")
        lines = [line.strip() for line in rest.splitlines()]
        if title == "examples:":
            parts.append("```\n" + "\n".join(lines) + "\n```")
        elif title == "exit codes:":
            rows = [f"| {code} | {_inline(meaning.strip())} |" for code, _, meaning in (line.partition(" ") for line in lines)]
            parts.append("\n".join(["| exit code | meaning |", "| --- | --- |", *rows]))
        else:
            parts.append(_inline(part))
    return "\n\n".join(parts) + "\n"


def _services() -> str:
    rows = [
        f"| {each.name} | `{each.key}` | {_tag(each.recipient)} | {_tag(each.mailing) if each.mailing else 'give `--mailing`'} | "
        f"{each.note} | {_inline(each.source)} |"
        for each in MAIL_SERVICES
    ]
    return "\n".join(["| service | key | recipient | mailing | note | source |", "| --- | --- | --- | --- | --- | --- |", *rows])


def _tag(tag: str) -> str:
    return f"`{tag}`".replace("|", "\\|")


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
