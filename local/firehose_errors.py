"""Why Firehose writes a record under the error prefix, and the documents it writes there: codes, texts and fields are its own.

Sources: "Handle failure in data transformation" and "Handling errors for data format conversion" in the Amazon Data Firehose
Developer Guide, and published error objects where they differ: the guide's `lambdaArn` is `lambdaARN` in fact.
"""

import base64
from dataclasses import dataclass
from typing import Any, Final

from local.firehose_buffer import DeliveryStream, Record


@dataclass(frozen=True, slots=True)
class Error:
    """`output_type` is the folder under the error prefix, `code` and `message` stand in the document."""

    output_type: str
    code: str
    message: str


FUNCTION_ERROR: Final = Error(
    "processing-failed", "Lambda.FunctionError", "The Lambda function was successfully invoked but it returned an error result."
)
BAD_FORMAT: Final = Error(
    "processing-failed",
    "Lambda.FunctionError",
    "Check your function and make sure the output is in required format. In addition to that, make sure the processed records "
    "contain valid result status of Dropped, Ok, or ProcessingFailed",
)
MISSING: Final = Error(
    "processing-failed",
    "Lambda.MissingRecordId",
    "One or more record Ids were not returned. Ensure that the Lambda function returns all received record Ids.",
)
DUPLICATED: Final = Error(
    "processing-failed",
    "Lambda.DuplicatedRecordId",
    "Multiple records were returned with the same record Id. Ensure that the Lambda function returns a unique record Id for each record.",
)
NO_DATA: Final = Error("processing-failed", "Lambda.InvalidReturnFormat", "The data field cannot be null when the processing result is Ok.")
STATUS_FAILED: Final = Error("processing-failed", "Lambda.ProcessingFailedStatus", "ProcessingFailed status set for record")
NO_KEYS: Final = Error(
    "metadata-extraction-failed", "DynamicPartitioning.MetadataExtractionFailed", "partitionKeys values must not be null or empty"
)
TOO_MANY_PARTITIONS: Final = Error(
    "activePartitionExceeded",
    "DynamicPartitioning.ActivePartitionsLimitExceeded",
    "The number of active partitions has exceeded the configured limit",
)


def unfit(code: str, message: str) -> Error:
    """The error of a record that does not convert."""
    return Error("format-conversion-failed", code, message)


def document(record: Record, error: Error, stream: DeliveryStream, *, data: bytes, attempts: int, now_s: float) -> dict[str, Any]:
    """Write the document of one record; `data` is the raw line, or what the function made of it when only that did not convert."""
    common = {
        "attemptsMade": attempts,
        "arrivalTimestamp": record.arrived_ms,
        "attemptEndingTimestamp": round(now_s * 1000),
        "rawData": base64.b64encode(data).decode("ascii"),
    }
    if error.output_type != "format-conversion-failed":
        return {**common, "errorCode": error.code, "errorMessage": error.message, "lambdaARN": stream.function_arn}
    return {
        **common,
        "lastErrorCode": error.code,
        "lastErrorMessage": error.message,
        "sequenceNumber": record.sequence_number,
        "subSequenceNumber": 0,
        "dataCatalogTable": {
            "catalogId": stream.account,
            "databaseName": stream.database,
            "tableName": stream.table,
            "region": stream.region,
            "versionId": "LATEST",
        },
    }
