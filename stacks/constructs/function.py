"""A Lambda function of Footfall: one row of `footfall.functions` with its settings, the shared layer and a log that expires."""

from pathlib import Path

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from footfall.functions import Function, Settings
from footfall.monitoring.metrics import namespace_of
from stacks.artifacts import hash_of

RUNTIME = lambda_.Runtime.PYTHON_3_13
ARCHITECTURE = lambda_.Architecture.ARM_64


class FunctionLayers(Construct):
    """The shared layer and the configuration layer; every stack has its own, so that no stack waits for another to let go of a version."""

    def __init__(self, scope: Construct, id_: str, *, layer: Path, configuration: Path) -> None:
        super().__init__(scope, id_)
        self.shared = self._version("Shared", layer, "footfall and the packages of its lock")
        self.configuration = self._version("Configuration", configuration, "configuration.json, generated from footfall.toml")

    def _version(self, id_: str, folder: Path, description: str) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            id_,
            code=lambda_.Code.from_asset(str(folder), asset_hash=hash_of(folder)),
            description=description,
            compatible_architectures=[ARCHITECTURE],
            compatible_runtimes=[RUNTIME],
            removal_policy=RemovalPolicy.DESTROY,
        )


class FootfallFunction(Construct):
    """One function: the environment is exactly what its settings and the observability library read, the role what it is granted."""

    def __init__(
        self, scope: Construct, id_: str, *, function: Function, settings: Settings, layers: FunctionLayers, lambdas: Path
    ) -> None:
        super().__init__(scope, id_)
        self.declared = function
        self.log_group = logs.LogGroup(self, "Log", retention=logs.RetentionDays.ONE_MONTH, removal_policy=RemovalPolicy.DESTROY)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.log_group.grant_write(role)  # instead of AWSLambdaBasicExecutionRole, which may write every log of the account
        self.function = lambda_.Function(
            self,
            "Function",
            description=function.purpose,
            runtime=RUNTIME,
            architecture=ARCHITECTURE,
            handler="handler.handler",
            code=lambda_.Code.from_asset(str(lambdas / function.name), exclude=["**/__pycache__", "*.pyc"]),
            layers=[layers.shared, layers.configuration],
            memory_size=function.memory_mb,
            timeout=Duration.seconds(int(function.timeout.total_seconds())),
            environment={**settings.to_env(), **observability_environment(function, deployment=deployment_of(self))},
            role=role,
            log_group=self.log_group,
            retry_attempts=0 if function.every else None,  # of asynchronous calls: what runs on a schedule runs again anyway
        )


def deployment_of(scope: Construct) -> str:
    """The name of the deployment a construct is in: its stacks are called `<name>-<part>`."""
    return Stack.of(scope).stack_name.rpartition("-")[0]


def observability_environment(function: Function, *, deployment: str) -> dict[str, str]:
    """Write the variables that the observability library reads by itself; the settings classes do not know them."""
    return {"POWERTOOLS_SERVICE_NAME": function.name, "POWERTOOLS_METRICS_NAMESPACE": namespace_of(deployment)}
