"""CloudFront: the pixel paths are answered at the edge and logged; everything else comes from the webpage bucket and is not."""

from pathlib import Path

from aws_cdk import Duration
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_s3 as s3
from constructs import Construct

from footfall.configuration import PAGE_CONTENT_SECURITY, PIXEL_PATHS, Edge
from stacks.constructs.hit_log import HitLog

PRICE_CLASSES = {
    "100": cloudfront.PriceClass.PRICE_CLASS_100,
    "200": cloudfront.PriceClass.PRICE_CLASS_200,
    "all": cloudfront.PriceClass.PRICE_CLASS_ALL,
}


class PixelDistribution(Construct):
    """The distribution; `url` is the address to give to site owners."""

    def __init__(self, scope: Construct, id_: str, *, webpage: s3.IBucket, hit_log: HitLog, edge_function: Path, settings: Edge) -> None:
        super().__init__(scope, id_)
        origin = origins.S3BucketOrigin.with_origin_access_control(
            webpage,
            origin_access_levels=[cloudfront.AccessLevel.READ, cloudfront.AccessLevel.LIST],  # LIST: a missing file is 404, not 403
        )
        pixel = self._pixel_behaviour(origin, hit_log, edge_function)
        certificate = self._certificate(settings)
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment="Footfall: the pixel and its page",
            default_root_object="index.html",
            default_behavior=self._page_behaviour(origin),
            additional_behaviors=dict.fromkeys(PIXEL_PATHS, pixel),
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=PRICE_CLASSES[settings.price_class],
            domain_names=list(settings.domain_names) or None,
            certificate=certificate,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021 if certificate else None,
            web_acl_id=settings.web_acl_arn or None,
        )
        self.url = f"https://{settings.domain_names[0] if settings.domain_names else self.distribution.distribution_domain_name}"

    def _certificate(self, settings: Edge) -> acm.ICertificate | None:
        if not (settings.certificate_arn and settings.domain_names):
            return None
        return acm.Certificate.from_certificate_arn(self, "Certificate", settings.certificate_arn)

    def _page_behaviour(self, origin: cloudfront.IOrigin) -> cloudfront.BehaviorOptions:
        headers = cloudfront.ResponseHeadersPolicy(self, "SecurityHeaders", security_headers_behavior=_security_headers())
        return cloudfront.BehaviorOptions(
            origin=origin,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            response_headers_policy=headers,
        )

    def _pixel_behaviour(self, origin: cloudfront.IOrigin, hit_log: HitLog, edge_function: Path) -> cloudfront.BehaviorOptions:
        answer = cloudfront.Function(
            self,
            "AnswerPixel",
            comment="Answers the pixel paths; no request reaches the origin",
            runtime=cloudfront.FunctionRuntime.JS_2_0,
            code=cloudfront.FunctionCode.from_file(file_path=str(edge_function)),
        )
        return cloudfront.BehaviorOptions(
            origin=origin,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,  # matomo.js sends POST by default
            cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
            function_associations=[cloudfront.FunctionAssociation(function=answer, event_type=cloudfront.FunctionEventType.VIEWER_REQUEST)],
            realtime_log_config=hit_log.configuration,
        )


def _security_headers() -> cloudfront.ResponseSecurityHeadersBehavior:
    """Headers of the pages; none of them keeps other sites from embedding matomo.js or the pixel."""
    return cloudfront.ResponseSecurityHeadersBehavior(
        strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
            access_control_max_age=Duration.days(365), include_subdomains=False, override=True
        ),
        content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
            content_security_policy=PAGE_CONTENT_SECURITY, override=True
        ),
        content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
        frame_options=cloudfront.ResponseHeadersFrameOptions(frame_option=cloudfront.HeadersFrameOption.DENY, override=True),
        referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
            referrer_policy=cloudfront.HeadersReferrerPolicy.STRICT_ORIGIN_WHEN_CROSS_ORIGIN, override=True
        ),
    )
