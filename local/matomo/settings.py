"""How a stand-in is set up and how it is to misbehave: each switch is one measured state of a Matomo server."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Access = Literal["super", "admin", "write", "view"]

NAME_LIMIT: Final = 4096
"""Characters of log_action.name; a longer event or content name is an SQL error (t60_odd_long_e_c)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A website as the tracker knows it. `hosts` count only with `is_strict` (excludeUnknownUrls)."""

    hosts: tuple[str, ...] = ()
    is_strict: bool = False
    excluded_addresses: frozenset[str] = frozenset()
    goals: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token_auth: whose it is, on which sites (None: all), whether it works only in a POST form, and when it was made."""

    access: Access
    sites: frozenset[int] | None = None
    is_secure_only: bool = False
    created_s: int = 0

    def reaches(self, site: int) -> bool:
        """Tell whether the token's user has any access to a site."""
        return self.access == "super" or self.sites is None or site in self.sites


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """The states a Matomo can be in; as it stands, a healthy one right after `matomo-measured` section 2 was recorded.

    In brackets the recorded exchange that shows each: "t" and "q" are tracking requests, "r" reporting ones.
    """

    is_paused: bool = False  # [Tracker] record_statistics=0: bulk 200 with tracked 0 (t90), single 503 (t90b)
    is_in_maintenance: bool = False  # tracking goes on (t91), the Reporting API answers 503 HTML (r91)
    is_database_down: bool = False  # bulk 500 JSON (t94), Reporting API 500 HTML (r94)
    has_transactions: bool = True  # bulk_requests_use_transaction; without: what precedes a poison hit stays (t111)
    has_queued_tracking: bool = False  # a GIF for everything, stored later (q01 to q14)
    anonymised_bytes: int = 0  # 2 in a fresh Matomo (t97, t98)
    raw_data_days: int | None = None  # raw-data deletion: older by a week more is invalid (t99)
    token_cache_s: int = 300  # tracker_cache_file_ttl: a newer write or admin token is refused (t22)
    max_failed_logins: int = 20  # more of them within the window lock the address out (t101 to t105, r60 to r63)
    failed_login_window_s: int = 3600
    allowed_addresses: frozenset[str] = frozenset()  # of the Login plugin: never locked out
    action_handlers: frozenset[str] = frozenset()  # plugins that take ca=1; without one it is poison (t60_odd_ca_custom)
    version: str = "5.1.2"


FaultKind = Literal[
    "deadlock",  # 500, rolled back, `tracked` counts the hits before `hits[0]` (t93)
    "lock_wait_timeout",  # 200, each of `hits` neither tracked nor invalid, and yet stored where its visit exists (t92)
    "php_fatal",  # 500, empty, rolled back (as t60_odd_uadata_types, without a bad hit)
    "unavailable",  # `status` before anything is stored, as a proxy in front answers; with Retry-After where `retry_after_s` is set
    "reset_before_commit",
    "reset_after_commit",
    "time_out_before_commit",  # no answer until the client gives up, nothing stored
    "time_out_after_commit",  # no answer until the client gives up, all stored (t110)
    "cut_after_commit",  # all stored, the JSON ends half way
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong with one bulk; `hits` are positions (from 0) of hits among those Matomo counts."""

    kind: FaultKind
    hits: tuple[int, ...] = (0,)
    status: int = 503
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A script of faults: which bulk (from 1, in order of arrival) meets which; all others are answered as they deserve.

    >>> Plan(bulks={3: Fault(kind="time_out_after_commit")}).fault(3).kind
    'time_out_after_commit'
    """

    bulks: Mapping[int, Fault] = field(default_factory=dict)
    every: Fault | None = None

    def fault(self, bulk: int) -> Fault | None:
        """Name the fault of the n-th bulk, if it has one."""
        return self.bulks.get(bulk, self.every)
