"""The cookies that a client keeps, and to which hosts and paths it sends them (RFC 6265, section 5)."""

from __future__ import annotations

import re

from .cookies import parse_cookie
from .headers import parse_date

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["Cookie"]


class Cookie:
    """A cookie in the client's jar.

    key, value                   as they are sent; a value may be quoted
    decoded_key, decoded_value   what they stand for
    domain, path                 where it is sent; origin_only: not to subdomains
    options                      what else the Set-Cookie field says, by its name in lower case
    """

    def __init__(
        self, key: str, value: str, domain: str, path: str, origin_only: bool, options: Mapping[str, str | None]
    ) -> None:
        self.key = key
        self.value = value
        self.decoded_key, self.decoded_value = parse_cookie(f"{key}={value}")[0]
        self.domain = domain
        self.path = path
        self.origin_only = origin_only
        self.options = options

    @classmethod
    def parse(cls, field: str, host: str, path: str) -> Cookie | None:
        """Read a Set-Cookie field that came from a host and path; None if it has no name (RFC 6265, section 5.2)."""
        pair, *rest = field.split(";")
        key, _, value = pair.strip().partition("=")
        if not key:
            return None
        options = {}
        for option in rest:
            name, separator, text = option.strip().partition("=")
            options[name.lower()] = text if separator else None
        domain = (options.get("domain") or "").lstrip(".").lower()
        where = options.get("path") or ""
        if where[:1] != "/":
            where = path.rpartition("/")[0] or "/"
        return cls(key, value, domain or host, where, not domain, options)

    @property
    def max_age(self) -> int | None:
        """Seconds to live; None where it does not say."""
        text = self.options.get("max-age") or ""
        return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else None

    @property
    def expires(self) -> datetime | None:
        """When it ends; None where it does not say."""
        return parse_date(self.options.get("expires"))

    @property
    def is_expired(self) -> bool:
        """Whether it is to be dropped; max_age counts before expires."""
        if self.max_age is not None:
            return self.max_age <= 0
        expires = self.expires
        return expires is not None and expires <= expires.now(expires.tzinfo)

    @property
    def secure(self) -> bool:
        """Whether it is for https only.  The client sends it all the same."""
        return "secure" in self.options

    @property
    def http_only(self) -> bool:
        """Whether JavaScript cannot see it."""
        return "httponly" in self.options

    @property
    def same_site(self) -> str | None:
        """Strict, Lax or None as text."""
        return self.options.get("samesite")

    def matches(self, host: str, path: str) -> bool:
        """Whether it is sent to that host and path (RFC 6265, sections 5.1.3 and 5.1.4)."""
        same_host = host == self.domain or (not self.origin_only and host.endswith("." + self.domain))
        below = path == self.path or path.startswith(self.path if self.path.endswith("/") else self.path + "/")
        return same_host and below

    def __repr__(self) -> str:
        return f"<Cookie {self.key}={self.value!r} of {self.domain}{self.path}>"


def _put_cookie(jar, cookie):
    place = cookie.domain, cookie.path, cookie.decoded_key
    if cookie.is_expired:
        jar.pop(place, None)
    else:
        jar[place] = cookie
