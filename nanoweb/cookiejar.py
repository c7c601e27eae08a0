"""The cookies that a client keeps, and to which hosts and paths it sends them (RFC 6265, section 5)."""

from __future__ import annotations

import re

from .cookies import parse_cookie
from .headers import parse_date
from .urls import iri_to_uri
from .wsgi import _host_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["Cookie", "CookieJar"]


class Cookie:
    """A cookie in the client's jar.

    >>> cookie = Cookie.parse('a="b\\\\073c"; Path=/app; Max-Age=60', host="a.example", path="/")
    >>> cookie.value, cookie.decoded_value, cookie.max_age
    ('"b\\\\073c"', 'b;c', 60)
    >>> cookie.matches("a.example", "/app/page"), cookie.matches("www.a.example", "/app/page")
    (True, False)

    key, value                   as they are sent; a value may be quoted
    decoded_key, decoded_value   what they stand for
    domain, path                 where it is sent; origin_only: not to subdomains
    options                      what else the Set-Cookie field says, by its name in lower case
    """

    def __init__(
        self, key: str, value: str, domain: str, path: str, origin_only: bool, options: Mapping[str, str]
    ) -> None:
        self.key = key
        self.value = value
        # What cannot be read is sent all the same, as browsers do.
        self.decoded_key, self.decoded_value = (parse_cookie(f"{key}={value}") or [(key, value)])[0]
        self.domain = domain
        self.path = path
        self.origin_only = origin_only
        self.options = options

    @classmethod
    def parse(cls, field: str, host: str, path: str) -> Cookie | None:
        """Read a Set-Cookie field that came from a host and path; None for what a browser does not keep.

        That is one without a name, and one for a domain that the host is not in (RFC 6265, sections 5.2 and 5.3).
        """
        pair, *rest = field.split(";")
        key, _, value = (part.strip(" \t") for part in pair.partition("="))
        options = {}
        for option in rest:
            name, _, text = option.partition("=")
            options[name.strip(" \t").lower()] = text.strip(" \t")
        domain = options.get("domain", "").lstrip(".").lower()
        if not key or (domain and not _is_in_domain(host, domain)):
            return None
        where = options.get("path", "")
        if where[:1] != "/":
            where = path.rpartition("/")[0] or "/"
        return cls(key, value, domain or host, where, not domain, options)

    @property
    def max_age(self) -> int | None:
        """Seconds to live; None where it does not say."""
        text = self.options.get("max-age", "")
        return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else None

    @property
    def expires(self) -> datetime | None:
        """When it ends; None where it does not say.  "01-Jan-1970" is an old spelling (section 5.1.1)."""
        text = self.options.get("expires", "")
        return parse_date(text) or parse_date(text.replace("-", " "))

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
        same_host = host == self.domain if self.origin_only else _is_in_domain(host, self.domain)
        below = path == self.path or path.startswith(self.path if self.path.endswith("/") else self.path + "/")
        return same_host and below

    def __repr__(self) -> str:
        return f"<Cookie {self.key}={self.value!r} of {self.domain}{self.path}>"


class CookieJar:
    """The cookies of a client: one for each name, domain and path."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str, str], Cookie] = {}

    def __len__(self) -> int:
        return len(self._cookies)

    def get(self, key: str, domain: str, path: str) -> Cookie | None:
        """Return a cookie by the name that it stands for; None if it is not there."""
        return self._cookies.get(_place(key, domain, path))

    def put(self, cookie: Cookie) -> None:
        """Keep a cookie in place of the one before; one that has expired only takes that out."""
        place = _place(cookie.decoded_key, cookie.domain, cookie.path)
        if cookie.is_expired:
            self._cookies.pop(place, None)
        else:
            self._cookies[place] = cookie

    def delete(self, key: str, domain: str, path: str) -> None:
        """Take a cookie out, if it is there."""
        self._cookies.pop(_place(key, domain, path), None)

    def field(self, host: str, path: str) -> str:
        """Return the Cookie field for a host and path, longer paths first (RFC 6265, section 5.4); "" for none."""
        matching = [cookie for cookie in [*self._cookies.values()] if cookie.matches(host, path)]
        matching.sort(key=lambda cookie: -len(cookie.path))
        return "; ".join(f"{cookie.key}={cookie.value}" for cookie in matching)


def _place(key, domain, path):
    return key, _host_name(domain.lstrip(".")), iri_to_uri(path)


def _is_in_domain(host, domain):
    """Whether a host is a domain or, being a name and no address, below it (RFC 6265, section 5.1.3)."""
    return host == domain or (host.endswith(f".{domain}") and not host.rpartition(".")[2].isdigit())
