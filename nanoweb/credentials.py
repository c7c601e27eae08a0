"""Who a client says it is, and what a server wants to know: Authorization and WWW-Authenticate.

In a request's way: Request.authorization is read by a view that lets only some people in;
Response.www_authenticate says what to send, beside a 401.

Both name a scheme, and then have either parameters or one token.  Nothing here is checked
against any password, and nothing shows one but to_header(), which is made to send it.
RFC 9110, section 11; RFC 7617 (Basic), RFC 7616 (Digest), RFC 6750 (Bearer).
"""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64

from .dicts import CallbackDict, Telling
from .directives import dump_quoted
from .exceptions import _is_token
from .headers import parse_dict_header

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar

    C = TypeVar("C", bound="_Credentials")

__all__ = ["Authorization", "WWWAuthenticate"]

_find_control = re.compile(r"[\x00-\x1f\x7f]").search


class _Credentials:
    """A scheme with parameters, which are items and attributes too (None where missing), or with a token.

    type          the scheme in lower case: "basic", "digest", "bearer"
    parameters    a dict of text; the value is None for what stands without one
    token         text; None where there are parameters
    """

    __hash__ = None  # type: ignore[assignment]  # can be changed
    # Parameters that stand between quotes, also where they need not: Digest wants it, and to others it is the same.
    _quoted: tuple[str, ...]

    def __init__(
        self, auth_type: str, data: Mapping[str, str | None] | None = None, token: str | None = None
    ) -> None:
        self.type = auth_type.lower()
        self.parameters: dict[str, str | None] = dict(data or {})
        self.token = token

    @classmethod
    def from_header(cls: type[C], value: str | None) -> C | None:
        """Read the field; None if there is none, or nothing that could be one."""
        scheme, _, rest = (value or "").partition(" ")
        return cls._read(scheme.lower(), rest.strip(" \t")) if _is_token(scheme) else None

    @classmethod
    def _read(cls, scheme, rest):
        """Read what follows the scheme: parameters if there is a "=" but at the end, where base64 has it."""
        if "=" in rest.rstrip("="):
            return cls(scheme, parse_dict_header(rest))
        return cls(scheme, None, rest)

    def to_header(self) -> str:
        """Return the field."""
        rest = dump_quoted(self.parameters, self._quoted) if self.token is None else self.token
        return f"{self.type.title()} {rest}".rstrip(" ")

    def get(self, key: str, default: str | None = None) -> str | None:
        """Return a parameter, default where it is missing."""
        return self.parameters.get(key, default)

    __getitem__ = get

    def __contains__(self, key: object) -> bool:
        return key in self.parameters

    def __getattr__(self, name: str) -> str | None:
        # What copy, pickle and markup look for is no parameter, and parameters is not there while one is made.
        if name[:1] == "_" or name == "parameters":
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return self.parameters.get(name)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return NotImplemented
        return (self.type, self.parameters, self.token) == (other.type, other.parameters, other.token)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self.type, dict(self.parameters), self.token)

    def __str__(self) -> str:
        return self.to_header()


class Authorization(_Credentials):
    """What a client sent to say who it is.

    >>> auth = Authorization.from_header("Basic YWRhOm9wZW4gc2VzYW1l")
    >>> auth.type, auth.username, auth.password
    ('basic', 'ada', 'open sesame')
    >>> auth = Authorization.from_header("Bearer 4T7yD5")
    >>> auth.token, auth.username
    ('4T7yD5', None)
    >>> auth
    <Authorization Bearer>

    auth_type    the scheme
    data         the parameters; username and password if the scheme is Basic
    token        or the token

    Its repr() tells the scheme and the user, never what only the user should know: it ends
    up in logs.  to_header() has it all.

    Of Basic, what is not base64 in its one spelling, not UTF-8, has no colon or has a
    control character is no Authorization at all, and such a username or password is a
    ValueError when it is written.

    RFC 7616, section 3.4, for the quotes.
    """

    _quoted = ("username", "realm", "nonce", "uri", "response", "cnonce", "opaque")

    @classmethod
    def _read(cls, scheme, rest):
        if scheme != "basic":
            return super()._read(scheme, rest)
        try:
            username, _, password = a2b_base64(rest).decode().partition(":")
            known = _dump_basic(username, password) == rest
        except ValueError:  # not base64, not ASCII, not UTF-8, or nothing that could be sent
            return None
        return cls(scheme, {"username": username, "password": password}) if known else None

    def to_header(self) -> str:
        """Return the field, with all secrets in it."""
        if self.type.lower() != "basic" or self.token is not None:
            return super().to_header()
        return f"Basic {_dump_basic(self.username, self.password)}"

    def __repr__(self) -> str:
        user = "" if self.username is None else f" {self.username!r}"
        return f"<{type(self).__name__} {self.type.title()}{user}>"


def _dump_basic(username, password):
    """Write a username and a password as Basic has them."""
    if username is None or password is None or ":" in username or _find_control(username + password):
        raise ValueError(
            f"Basic authorization of {username!r:.200}: it takes a username without a colon and a password,"
            " both without control characters (RFC 7617, section 2)"
        )
    return b2a_base64(f"{username}:{password}".encode(), newline=False).decode()


class WWWAuthenticate(Telling, _Credentials):
    """What a client should send to say who it is.

    >>> asked = WWWAuthenticate("basic", {"realm": "kitchen"})
    >>> asked.charset = "UTF-8"
    >>> print(asked)
    Basic realm="kitchen", charset=UTF-8

    auth_type    the scheme
    values       the parameters; to assign None to one is to remove it
    token        or the token
    on_update    called with this after each change; an attribute too

    RFC 9110, section 11.5, and RFC 7616, section 3.3, for the quotes.
    """

    _quoted = ("realm", "domain", "nonce", "opaque", "qop")

    def __init__(
        self,
        auth_type: str,
        values: Mapping[str, str | None] | None = None,
        token: str | None = None,
        on_update: Callable[[WWWAuthenticate], object] | None = None,
    ) -> None:
        super().__init__(auth_type, values, token)
        self.on_update = on_update

    def __setitem__(self, key: str, value: str | None) -> None:
        if value is None:
            self.parameters.pop(key, None)
        else:
            self.parameters[key] = value

    def __delitem__(self, key: str) -> None:
        self.parameters.pop(key, None)

    __delattr__ = __delitem__

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in ("type", "parameters", "token", "on_update"):
            self[name] = value
            return
        if name == "parameters":
            value = CallbackDict(value, self._changed)
        super().__setattr__(name, value)
        if name != "on_update":
            self._changed()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.to_header()}>"
