"""`footfall doctor` finds the templates that are really written good, and those of another configuration not."""

from footfall.cli.doctor_local import check_templates
from footfall.configuration import Configuration, Site, Sites
from stacks.artifacts import ROOT


def verdicts(configuration, templates):
    return {finding.name: finding.verdict for finding in check_templates(configuration, templates.folder)}


def test_templates_of_this_configuration_agree_with_it(shipped):
    found = verdicts(Configuration.load(ROOT / "footfall.toml"), shipped)

    assert {"partition projection": "ok", "views": "ok", "log fields in the template": "ok"} == found


def test_a_site_that_was_registered_since_is_missed(shipped):
    later = Configuration(sites=Sites(registered=(Site(key="main", ids=("1",)), Site(key="shop"))))

    assert "fail" == verdicts(later, shipped)["partition projection"]
