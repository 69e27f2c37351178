"""The edge stack: what is answered, what is logged, and who may write the log."""

import re
from typing import Any

import pytest

from footfall.configuration import PIXEL_PATHS, Edge, Site, Sites
from footfall.hits import log_fields
from stacks.artifacts import ROOT
from tests.infra.templates import Templates, as_text


def distribution(templates: Templates) -> dict[str, Any]:
    return templates.only("AWS::CloudFront::Distribution").properties["DistributionConfig"]


def pixel_behaviours(templates: Templates) -> dict[str, dict[str, Any]]:
    return {behaviour["PathPattern"]: behaviour for behaviour in distribution(templates)["CacheBehaviors"]}


def test_the_log_line_has_the_configured_fields_in_the_order_aws_delivers_them(shipped: Templates) -> None:
    fields = shipped.only("AWS::CloudFront::RealtimeLogConfig").properties["Fields"]

    assert list(Edge().log_fields) == fields
    assert list(log_fields.in_canonical_order(fields)) == fields


def test_no_log_line_holds_a_field_that_is_never_collected(shipped: Templates, tailored: Templates) -> None:
    for templates in (shipped, tailored):
        assert set() == set(log_fields.FORBIDDEN) & set(templates.only("AWS::CloudFront::RealtimeLogConfig").properties["Fields"])


def test_fields_and_sampling_follow_the_settings(tailored: Templates) -> None:
    configured = tailored.only("AWS::CloudFront::RealtimeLogConfig").properties

    assert (25, "asn") == (configured["SamplingRate"], configured["Fields"][-1])


def test_only_the_pixel_paths_are_logged(shipped: Templates) -> None:
    assert set(PIXEL_PATHS) == set(pixel_behaviours(shipped))
    assert all("RealtimeLogConfigArn" in behaviour for behaviour in pixel_behaviours(shipped).values())
    assert "RealtimeLogConfigArn" not in distribution(shipped)["DefaultCacheBehavior"]


def test_nothing_but_the_real_time_log_records_a_visitor(shipped: Templates) -> None:
    """Access logs of CloudFront or of a bucket would keep full addresses in S3."""
    assert "Logging" not in distribution(shipped)
    assert not any("LoggingConfiguration" in bucket.properties for bucket in shipped.of("AWS::S3::Bucket"))


def test_the_edge_function_answers_every_method_on_every_pixel_path_and_nothing_is_cached(shipped: Templates) -> None:
    caching_disabled = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # AWS's managed policy
    for behaviour in pixel_behaviours(shipped).values():
        assert {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"} == set(behaviour["AllowedMethods"])
        assert caching_disabled == behaviour["CachePolicyId"]
        assert ["viewer-request"] == [function["EventType"] for function in behaviour["FunctionAssociations"]]


def test_the_deployed_edge_function_is_the_file_that_the_local_edge_runs(shipped: Templates) -> None:
    function = shipped.only("AWS::CloudFront::Function").properties

    assert (ROOT / "stacks" / "edge_function" / "answer_pixel.js").read_text() == function["FunctionCode"]
    assert "cloudfront-js-2.0" == function["FunctionConfig"]["Runtime"]
    assert len(function["FunctionCode"].encode()) <= 10 * 1024  # CloudFront's limit


def test_only_cloudfront_acting_for_this_account_may_write_log_lines(shipped: Templates) -> None:
    arn = shipped.only("AWS::CloudFront::RealtimeLogConfig").properties["EndPoints"][0]["KinesisStreamConfig"]["RoleArn"]
    (role,) = (resource for resource in shipped.of("AWS::IAM::Role") if resource.id == arn["Fn::GetAtt"][0])

    assert [
        {
            "Action": "sts:AssumeRole",
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
        }
    ] == role.properties["AssumeRolePolicyDocument"]["Statement"]


def test_what_writes_log_lines_may_do_nothing_else(shipped: Templates) -> None:
    actions = [statement["Action"] for policy, statement in shipped.statements() if "HitLog" in policy.id]

    assert [["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:PutRecord", "kinesis:PutRecords"]] == actions


def test_the_log_waits_for_its_permission(shipped: Templates) -> None:
    """CloudFront tries the role when the configuration is made."""
    waits_for = shipped.only("AWS::CloudFront::RealtimeLogConfig").whole["DependsOn"]

    assert any("DefaultPolicy" in id_ for id_ in waits_for)


def test_plain_http_is_redirected(shipped: Templates) -> None:
    behaviours = [distribution(shipped)["DefaultCacheBehavior"], *pixel_behaviours(shipped).values()]

    assert {"redirect-to-https"} == {behaviour["ViewerProtocolPolicy"] for behaviour in behaviours}


def test_http_2_and_3_are_spoken(shipped: Templates) -> None:
    assert "http2and3" == distribution(shipped)["HttpVersion"]


def test_names_certificate_and_firewall_follow_the_settings(tailored: Templates) -> None:
    configured = distribution(tailored)

    assert ["pixel.example.org", "pixel.example.net"] == configured["Aliases"]
    assert "TLSv1.2_2021" == configured["ViewerCertificate"]["MinimumProtocolVersion"]
    assert configured["ViewerCertificate"]["AcmCertificateArn"].startswith("arn:aws:acm:us-east-1:")
    assert configured["WebACLId"].startswith("arn:aws:wafv2:")
    assert "PriceClass_All" == configured["PriceClass"]


def test_pages_carry_security_headers_that_do_not_keep_other_sites_from_loading_the_tracker(shipped: Templates) -> None:
    headers = shipped.only("AWS::CloudFront::ResponseHeadersPolicy").properties["ResponseHeadersPolicyConfig"]

    assert {
        "StrictTransportSecurity",
        "ContentSecurityPolicy",
        "ContentTypeOptions",
        "FrameOptions",
        "ReferrerPolicy",
    } == set(headers["SecurityHeadersConfig"])
    assert "CorsConfig" not in headers
    assert "ResponseHeadersPolicyId" in distribution(shipped)["DefaultCacheBehavior"]


def test_the_page_keeps_to_what_its_content_security_policy_allows() -> None:
    """The local edge sends no such header, so only this test sees what CloudFront would forbid."""
    page = (ROOT / "webpage" / "index.html").read_text()
    page = re.sub(r"<code.*?</code>", "", page, flags=re.DOTALL)  # the snippets are text

    assert [] == re.findall(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=|javascript:", page)
    assert [] == re.findall(r"""(?:src|href|action)=["'](?:https?:)?//""", page)


def test_only_cloudfront_reads_the_pages(shipped: Templates) -> None:
    (policy,) = (resource for resource in shipped.of("AWS::S3::BucketPolicy") if resource.stack.endswith("-edge"))
    allowed = [statement for statement in policy.properties["PolicyDocument"]["Statement"] if statement["Effect"] == "Allow"]
    readers = [statement for statement in allowed if statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}]

    assert len(allowed) == len(readers)
    assert all("AWS:SourceArn" in statement["Condition"]["StringEquals"] for statement in readers)


def test_the_report_survives_a_deployment_of_the_pages(shipped: Templates) -> None:
    deployment = shipped.only("Custom::CDKBucketDeployment").properties

    assert (["report/*"], True) == (deployment["Exclude"], deployment.get("Prune", True))


def test_the_outputs_can_be_pasted(shipped: Templates) -> None:
    outputs = {name: as_text(value) for name, value in shipped.outputs("footfall-edge").items()}

    assert outputs["Url"].startswith("https://${")
    assert f'<img src="{outputs["Url"]}/1x1.png?site=main" width="1" height="1" alt=""' in outputs["Tag"]
    assert f"curl -G -d userid=aws_user -d thirdpartyname=example.hightrafficwebsite.com {outputs['Url']}/1x1.png" == outputs["Curl"]


def test_the_outputs_name_the_first_own_host_when_there_is_one(tailored: Templates) -> None:
    assert "https://pixel.example.org" == tailored.outputs("a-stage-edge")["Url"]


@pytest.mark.parametrize(
    ("sites", "query"),
    [
        (Sites(), "?site=main"),
        (Sites(default="", registered=(Site(key="shop", ids=("7", "8")),)), "?site=shop"),
        (Sites(default="blog", registered=(Site(key="shop", ids=("7",)), Site(key="blog"))), "?site=blog"),
        (Sites(default="", registered=()), ""),
    ],
)
def test_the_tag_names_the_default_site_or_the_first(synthesise: object, sites: Sites, query: str) -> None:
    del synthesise  # it gives CDK its Node.js before stacks.edge imports CDK
    from stacks.edge import image_tag

    assert f'src="https://example.org/1x1.png{query}"' in image_tag("https://example.org", sites)


@pytest.mark.parametrize("output", ["Bucket", "Workgroup", "Database", "Lost"])
def test_the_lake_says_where_its_rows_are(shipped: Templates, output: str) -> None:
    assert output in shipped.outputs("footfall-lake")
