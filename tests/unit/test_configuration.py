import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.configuration import Configuration, Destination, Queue
from footfall.errors import ConfigurationError
from footfall.hits.log_fields import REQUIRED
from footfall.privacy import token_entry

REPOSITORY = Path(__file__).parents[2]


def test_the_shipped_file_deploys_unedited_and_shows_the_defaults():
    assert Configuration() == Configuration.load(REPOSITORY / "footfall.toml")


def test_the_shipped_file_names_every_key_of_the_queue_and_of_a_destination_and_a_way_to_route_a_site():
    """What is commented out is what has no default; with it, the file is one that delivers into Matomo."""
    lines = (REPOSITORY / "footfall.toml").read_text().splitlines()
    told = [line.removeprefix("# ") if re.match(r"# (\[destinations|\[alarms|deliver|[a-z_]+ = )", line) else line for line in lines]
    document = tomllib.loads("\n".join(line for line in told if not line.startswith(("url_parameters_removed", "log_fields"))))

    configuration = Configuration.from_document(document)

    assert {field.name for field in fields(Queue)} == document["queue"].keys()
    assert {field.name for field in fields(Destination)} - {"name"} == document["destinations"]["matomo"].keys()
    assert ((("matomo", "1"),), True) == (configuration.sites.registered[0].deliver, configuration.has_queue)
    (destination,) = configuration.destinations
    assert Destination(name="matomo", url=destination.url, token_secret=destination.token_secret) == destination


def test_what_the_functions_read_is_what_was_written():
    configuration = Configuration.from_document(
        {
            "sites": {"default": "shop", "shop": {"ids": ["2"], "hosts": ["shop.example.org"], "deliver": {"matomo": "7"}}},
            "destinations": {"matomo": {"url": "https://matomo.example.org/matomo.php", "token_secret": "footfall/matomo"}},
            "privacy": {"accepted_tokens": [token_entry("t", b"k" * 16)]},
            "queue": {"kind": "fifo", "input_url": "https://sqs.eu-central-1.amazonaws.com/123456789012/in.fifo"},
        }
    )

    assert configuration == Configuration.from_json(configuration.to_json())


def test_alarms_survive_the_way_to_the_functions():
    alarms = {"reject_percent": 5, "watched_sites": 0, "silent_hours": {"main": 3}}

    configuration = Configuration.from_document({"alarms": alarms})

    assert (5, 0, {"main": 3}) == (
        configuration.alarms.reject_percent,
        configuration.alarms.watched_sites,
        configuration.alarms.silent_hours,
    )
    assert configuration == Configuration.from_json(configuration.to_json())


@pytest.mark.parametrize(
    ("alarms", "problem"),
    [
        ({"silent_hours": {"shop": 3}}, "alarms.silent_hours.shop = 3: allowed is the key of a registered site"),
        ({"silent_hours": {"main": 169}}, "alarms.silent_hours.main = 169: allowed is a whole number from 1 to 168"),
        ({"silent_hours": {"main": True}}, "alarms.silent_hours.main = True: allowed is a whole number from 1 to 168"),
        ({"silent_hours": 3}, "alarms.silent_hours = 3: allowed is a table"),
        ({"watched_sites": 101}, "alarms.watched_sites = 101: allowed is a whole number from 0 to 100"),
        ({"reject_percent": 0}, "alarms.reject_percent = 0: allowed is a whole number from 1 to 100"),
        ({"page_topic_arn": "pager"}, "alarms.page_topic_arn = 'pager': allowed is the ARN of an SNS topic"),
        ({"silent_sites": []}, "alarms.silent_sites = []: allowed is a key that footfall.toml knows"),
    ],
)
def test_a_wrong_alarm_is_named_with_what_is_allowed(alarms, problem):
    with pytest.raises(ConfigurationError) as error:
        Configuration.from_document({"alarms": alarms})

    assert problem in error.value.problems


def test_more_sites_than_a_stack_can_watch_are_refused():
    sites = {f"s{number}": {"ids": [f"id-{number}"]} for number in range(101)}

    with pytest.raises(ConfigurationError, match=r"alarms\.silent_hours = '101 sites': allowed is at most 100 sites"):
        Configuration.from_document({"sites": dict(sites), "alarms": {"silent_hours": dict.fromkeys(sites, 5)}})


def test_every_problem_is_listed_at_once_with_key_value_and_what_is_allowed():
    document = {
        "nme": "x",
        "name": "Not Allowed",
        "sites": {"default": "b", "a": {"ids": ["1", 2]}, "c": {"ids": ["1"]}},
        "edge": {"sampling_rate": 0, "domain_names": ["example.org"]},
        "stream": {"shards": True},
        "lake": "yes",
    }

    with pytest.raises(ConfigurationError) as error:
        Configuration.from_document(document)

    keys = {problem.partition(" = ")[0] for problem in error.value.problems}
    assert {
        "nme",
        "name",
        "sites.default",
        "sites.a.ids",
        "sites.c.ids",
        "edge.sampling_rate",
        "edge.certificate_arn",
        "stream.shards",
        "lake",
    } == keys
    assert all("allowed is" in problem for problem in error.value.problems)


@pytest.mark.parametrize("field", REQUIRED)
def test_a_required_log_field_cannot_be_removed_and_the_error_names_it(field):
    with pytest.raises(ConfigurationError, match=f"'{field}' is required"):
        Configuration.from_document({"edge": {"log_fields": [name for name in REQUIRED if name != field]}})


@pytest.mark.parametrize("field", ["s-ip", "cs-cookie", "x-forwarded-for"])
def test_addresses_and_cookies_cannot_be_selected(field):
    with pytest.raises(ConfigurationError, match=f"'{field}' is never collected"):
        Configuration.from_document({"edge": {"log_fields": [*REQUIRED, field]}})


def test_log_fields_are_put_into_the_order_in_which_aws_delivers_them():
    configuration = Configuration.from_document({"edge": {"log_fields": list(reversed(REQUIRED))}})

    assert REQUIRED == tuple(sorted(configuration.edge.log_fields, key=REQUIRED.index))
    assert configuration.edge.log_fields.index("timestamp") == 0


@pytest.mark.parametrize(
    ("edge", "problem"),
    [
        ({"domain_names": ["t.example.org"]}, "edge.certificate_arn"),
        ({"certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/a"}, "edge.domain_names"),
    ],
)
def test_a_certificate_and_the_names_it_is_for_come_together(edge, problem):
    with pytest.raises(ConfigurationError, match=problem):
        Configuration.from_document({"edge": edge})


MATOMO = {"url": "https://matomo.example.org/matomo.php", "token_secret": "footfall/matomo"}


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"sites": {"a": {"deliver": {"matomo": "1"}}}}, "sites.a.deliver.matomo"),
        ({"sites": {"a": {"deliver": {"matomo": "one"}}}, "destinations": {"matomo": MATOMO}}, "sites.a.deliver.matomo"),
        ({"destinations": {"matomo": MATOMO | {"url": "http://matomo.example.org/matomo.php"}}}, "destinations.matomo.url"),
        ({"destinations": {"matomo": {"url": MATOMO["url"]}}}, "destinations.matomo.token_secret"),
        ({"destinations": {"Matomo": MATOMO}}, "destinations.Matomo"),
        ({"queue": {"output_url": "https://sqs.eu-central-1.amazonaws.com/123456789012/q.fifo"}}, "queue.output_url"),
        ({"queue": {"max_message_kb": 2048}}, "queue.max_message_kb"),
        ({"queue": {"retention_days": 15}}, "queue.retention_days"),
    ],
)
def test_a_queue_or_destination_that_cannot_work_is_named_with_what_is_allowed(document, problem):
    with pytest.raises(ConfigurationError, match=rf"{problem}.* = .*allowed is"):
        Configuration.from_document(document)


def test_a_token_pasted_by_mistake_is_not_shown():
    with pytest.raises(ConfigurationError) as error:
        Configuration.from_document({"privacy": {"accepted_tokens": ["0123456789abcdef0123456789abcdef"]}})

    assert "0123456789abcdef" not in str(error.value)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a = ", b"[sites", b"a=" + b"[" * 5000, b"\x00"])
def test_a_file_that_is_not_toml_gives_one_clear_error(tmp_path, content):
    path = tmp_path / "footfall.toml"
    path.write_bytes(content)

    with pytest.raises(ConfigurationError, match=r"footfall\.toml: 1 problem"):
        Configuration.load(path)


def test_a_missing_file_gives_one_clear_error(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Configuration.load(tmp_path / "absent.toml")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["ids", "hosts", "deliver", "default", "ip", "a", "log_fields", "url", ""]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(["name", "sites", "privacy", "edge", "stream", "lake", "queue", "destinations", "alarms", "other"]),
        VALUES,
        max_size=4,
    )
)
def test_any_document_is_a_configuration_or_a_list_of_problems(document):
    try:
        Configuration.from_document(document)
    except ConfigurationError as error:
        problems = error.problems
    else:
        problems = ("none",)

    assert problems


@given(VALUES)
def test_a_foreign_configuration_json_is_a_clear_error(value):
    import json

    with pytest.raises(ConfigurationError):
        Configuration.from_json(json.dumps({"sites": value}))
