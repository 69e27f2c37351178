"""What one row of the table of alarms says."""

from dataclasses import dataclass
from enum import StrEnum

from footfall.monitoring.metrics import Math, Metric


class Severity(StrEnum):
    """When a person has to act, at the latest."""

    NIGHT = "now, also at night"  # what is lost now cannot be had again
    MORNING = "tomorrow"  # everything is still there, for days


class Chart(StrEnum):
    """Where on the dashboard an alarm belongs; the value is the chart's title."""

    REQUESTS = "Requests of all sites"
    SITES = "Hits by site"
    REJECTS = "Rejects by reason"
    SUPPRESSED = "Suppressed on purpose, by reason and site"
    LOSSES = "Losses by stage, reason and site"
    LOST = "Objects under errors/"
    STREAM_AGE = "Age of the oldest unread line (minutes)"
    DELIVERY_AGE = "Age of the oldest undelivered row (seconds)"
    DELIVERED = "Delivered, by destination and site"
    CIRCUITS = "Circuits open (1) by destination"
    QUEUE_AGE = "Oldest message in the tracking queue (seconds)"
    DEAD_LETTERS = "Dead letters, crashed messages"
    FAILURES = "Functions: errors and throttles"
    DURATION = "Functions: longest run (seconds)"
    SALTS = "Oldest salt (hours), salts that could not be read"
    COST_REQUESTS = "Cost: requests at the edge, lines in the stream"
    COST_BYTES = "Cost: bytes read and written"
    COST_COMPUTE = "Cost: seconds of functions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One alarm. `id` names it and is unique; `heading` is its heading in docs/runbook.md, shared by rows of one kind.

    It is on when the watched value was bad in each of the last `periods` periods: at `threshold` or over it, or under it where
    `is_bad_below`. A period without a value is bad where `is_bad_when_silent`, else good. `means` is one sentence about the data.
    """

    id: str
    heading: str
    means: str
    severity: Severity
    watched: Metric | Math
    threshold: float
    periods: int
    chart: Chart
    is_bad_below: bool = False
    is_bad_when_silent: bool = False

    @property
    def is_drawn(self) -> bool:
        """Whether the threshold is a line on the chart: a ratio is not on a chart of counts, and one is too low to see."""
        return isinstance(self.watched, Metric) and self.threshold > 1

    @property
    def description(self) -> str:
        """What a person reads in the notification; it ends with where to read on."""
        return f"{self.means} Act {self.severity}. See docs/runbook.md, {self.heading}"
