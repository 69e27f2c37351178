"""Whose token counts for what: the tracker's rules, measured in `matomo-measured` 2.4 and read in core/Tracker/Request.php of 5.1.2."""

from dataclasses import dataclass, field

from local.matomo.settings import Token
from local.matomo.state import Changes


class LockedOut(Exception):  # noqa: N818  # it is a state, not a mistake
    """Raised where an address failed to log in too often."""


@dataclass(slots=True, kw_only=True)
class Authentication:
    """One request's authentication: at most one failed login is recorded per request, however many hits it holds."""

    changes: Changes
    address: str
    now_s: int
    is_form: bool = False
    _seen: dict[tuple[str, int], bool] = field(default_factory=dict)

    def is_locked_out(self) -> bool:
        """Tell whether this address is locked out."""
        return self.changes.state.is_locked_out(self.address, self.now_s)

    def is_super_user(self, token: str) -> bool:
        """Tell whether a bulk's own token is a super user's, which alone makes it answer `invalid_indices`.

        Raises:
            LockedOut: as every authentication does, be the token good or bad; without a token none happens.
        """
        if not token:
            return False
        if self.is_locked_out():
            raise LockedOut
        return self._super(self.changes.state.tokens.get(token))

    def accepts(self, token: str, site: int) -> bool:
        """Tell whether a token lets a hit of this site name its own address and time."""
        key = (token, site)
        if key not in self._seen:
            self._seen[key] = self._accept(token, site)
        return self._seen[key]

    def fail(self) -> None:
        """Record a failed login."""
        if not self.changes.failed_logins:
            self.changes.failed_logins.append((self.address, self.now_s))

    def _accept(self, token: str, site: int) -> bool:
        if not token:
            return False
        known = self.changes.state.tokens.get(token)
        if self._is_cached(known, site):
            return True
        if self.is_locked_out():
            return False
        if not self._super(known):
            self.fail()
            return False
        return True

    def _is_cached(self, token: Token | None, site: int) -> bool:
        if token is None or token.access not in {"write", "admin"} or not token.reaches(site):
            return False
        return self.now_s - token.created_s >= self.changes.state.behaviour.token_cache_s

    def _super(self, token: Token | None) -> bool:
        return token is not None and token.access == "super" and (self.is_form or not token.is_secure_only)
