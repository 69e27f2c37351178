"""Compose the drain from its adapters, for the function and the command line alike."""

import random
import time
from collections.abc import Mapping

from footfall.aws.delivery_table import DeliveryTable
from footfall.aws.queue_reader import DeadLetterWriter, QueueReader
from footfall.aws.secrets import NamedSecret
from footfall.configuration import Configuration
from footfall.destinations.delivery import Destination
from footfall.destinations.matomo import Matomo
from footfall.functions import ProcessQueueSettings
from footfall.queueing.process import Drain
from footfall.transport import HttpTransport

VISIBILITY_S = 300
"""What a receive hides messages for; the drain renews it."""


def make_destinations(configuration: Configuration) -> Mapping[str, Destination]:
    """The destinations of a configuration, each with a secret and connections of its own."""
    return {
        each.name: Matomo(
            each,
            ip_policy=configuration.privacy.ip,
            trusts_all=configuration.queue.trust == "all",
            transport=HttpTransport(),
            token=NamedSecret(each.token_secret),
        )
        for each in configuration.destinations
    }


def make_queue(settings: ProcessQueueSettings) -> QueueReader:
    """The tracking queue."""
    return QueueReader(settings.queue_url, visibility_s=VISIBILITY_S)


class DrainMaker:
    """Makes the drain of each run; adapters live as long as the execution environment."""

    def __init__(self, configuration: Configuration, settings: ProcessQueueSettings) -> None:
        self._configuration = configuration
        self._queue_name = settings.queue_name
        self._destinations = make_destinations(configuration)
        self._table = DeliveryTable(settings.delivery_table)
        self._dead_letters = DeadLetterWriter(settings.dead_letters_url)

    def make(self, *, owner: str, seconds_left: float) -> Drain:
        """A run that ends in time; `owner` is unique to it."""
        return Drain(
            configuration=self._configuration,
            destinations=self._destinations,
            table=self._table,
            dead_letters=self._dead_letters,
            queue_name=self._queue_name,
            owner=owner,
            now=now_ms,
            jitter=random.random,
            until_ms=now_ms() + int(1000 * seconds_left),
            visibility_s=VISIBILITY_S,
            settle_s=self._configuration.queue.settle_s,
        )


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000
