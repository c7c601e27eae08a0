"""Text that went through a stranger's hands: made so that a change is noticed.

In a request's way: the session travels in a cookie, signed, not encrypted;
the client can read it and cannot change it.  The format is itsdangerous's:
``payload.timestamp.signature``, in URL-safe base64 without padding.

HMAC is RFC 2104; base64url is RFC 4648, section 5.
"""

from __future__ import annotations

import json
import re
import time
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime
    from typing import IO, Any

    Key = str | bytes | Iterable[str | bytes]
    Salt = str | bytes

__all__ = [
    "BadData",
    "BadPayload",
    "BadSignature",
    "BadTimeSignature",
    "SignatureExpired",
    "Signer",
    "TimestampSigner",
    "URLSafeSerializer",
    "URLSafeTimedSerializer",
]

_is_base64 = re.compile(rb"[A-Za-z0-9_-]*").fullmatch
_last_second = 253402300800  # where the year 9999 ends, and datetime with it


class BadData(Exception):
    """What came back is not what was given out."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadSignature(BadData):
    """The signature does not fit: somebody changed the text, or it was signed with another key."""

    def __init__(self, message: str, payload: Any = None) -> None:
        super().__init__(message)
        self.payload = payload


class BadTimeSignature(BadSignature):
    """The signature or its timestamp does not fit.  date_signed is set where it is known."""

    def __init__(self, message: str, payload: Any = None, date_signed: datetime | None = None) -> None:
        super().__init__(message, payload)
        self.date_signed = date_signed


class SignatureExpired(BadTimeSignature):
    """The signature is good, and older than max_age."""


class BadPayload(BadData):
    """The signature is good, and what was signed cannot be loaded.  original_error says why."""

    def __init__(self, message: str, original_error: Exception | None = None) -> None:
        super().__init__(message)
        self.original_error = original_error


def base64_encode(data: bytes) -> bytes:
    """Encode without padding."""
    return urlsafe_b64encode(data).rstrip(b"=")


def base64_decode(data: bytes) -> bytes:
    """Decode what base64_encode made; BadData for anything else."""
    if not _is_base64(data) or len(data) % 4 == 1:
        raise BadData("not base64: only letters, digits, '-' and '_' can stand there")
    return urlsafe_b64decode(data + b"=" * (-len(data) % 4))


def _to_bytes(text):
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else bytes(text)


class Signer:
    """Puts a signature behind a value, and takes it off again if it fits.

    >>> signer = Signer("secret key")
    >>> signer.unsign(signer.sign("value"))
    b'value'
    >>> signer.unsign(b"other.M0tQ1hsYYKVzmX2XyHlVjEVb_kA")
    Traceback (most recent call last):
        ...
    nanoweb.signing.BadSignature: the signature does not fit the value

    secret_key       one key, or several, oldest first: the last signs, all verify
    salt             what the key is used for: a value signed for one use
                     does not pass for another
    sep              stands between value and signature; nothing base64 is made of
    key_derivation   "django-concat" (key and salt hashed together), "concat",
                     "hmac" or "none"
    digest_method    a hashlib constructor, or the name of one
    """

    default_digest_method: Any = "sha1"  # as HMAC still sound (RFC 6151 says so even of MD5), and what Flask uses
    default_key_derivation = "django-concat"

    def __init__(
        self,
        secret_key: Key,
        salt: Salt | None = b"itsdangerous.Signer",
        sep: str | bytes = b".",
        key_derivation: str | None = None,
        digest_method: Any = None,
    ) -> None:
        self.secret_keys = _key_list(secret_key)
        self.salt = b"itsdangerous.Signer" if salt is None else _to_bytes(salt)
        self.sep = _to_bytes(sep)
        if not self.sep or _is_base64(self.sep):
            raise ValueError(f"sep {self.sep!r} may stand in a signature itself: use a sign like '.' or ':'")
        self.key_derivation = key_derivation or self.default_key_derivation
        self.digest_method = digest_method or self.default_digest_method
        self._derived: dict[bytes, bytes] = {}

    @property
    def secret_key(self) -> bytes:
        """The newest key, with which is signed."""
        return self.secret_keys[-1]

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        """Return the key that is used for this salt."""
        key = self.secret_key if secret_key is None else _to_bytes(secret_key)
        known = self._derived.get(key)
        if known is None:
            known = self._derived[key] = self._derive(key)
        return known

    def _derive(self, key):
        if self.key_derivation == "none":
            return key
        if self.key_derivation == "hmac":
            return self._hmac(key, self.salt)
        if self.key_derivation == "concat":
            return self._digest(self.salt + key)
        if self.key_derivation == "django-concat":
            return self._digest(self.salt + b"signer" + key)
        raise TypeError(f"key_derivation {self.key_derivation!r}: there are concat, django-concat, hmac and none")

    def _digest(self, data):
        if not isinstance(self.digest_method, str):
            return self.digest_method(data).digest()
        import hashlib

        return hashlib.new(self.digest_method, data).digest()

    def get_signature(self, value: str | bytes) -> bytes:
        """Return the signature alone."""
        return self._sign_with(self.secret_key, _to_bytes(value))

    def _sign_with(self, key, data):
        return base64_encode(self._hmac(self.derive_key(key), data))

    def _hmac(self, key, data):
        import hmac  # for weight: it loads OpenSSL's hashes, and an application without sessions needs none

        return hmac.digest(key, data, self.digest_method)

    def sign(self, value: str | bytes) -> bytes:
        """Return ``value.signature``."""
        data = _to_bytes(value)
        return data + self.sep + self.get_signature(data)

    def verify_signature(self, value: str | bytes, sig: str | bytes) -> bool:
        """Whether the signature fits the value under any of the keys; takes the same time if not.

        The texts are compared, not the bytes that they stand for: those have more than one text.
        """
        from hmac import compare_digest

        data, given = _to_bytes(value), _to_bytes(sig)
        return any(compare_digest(given, self._sign_with(key, data)) for key in reversed(self.secret_keys))

    def unsign(self, signed_value: str | bytes) -> bytes:
        """Return the value without its signature; BadSignature if that does not fit."""
        data = _to_bytes(signed_value)
        value, sep, signature = data.rpartition(self.sep)
        if not sep:
            raise BadSignature(f"no {self.sep.decode()!r} in it: this was not signed here")
        if not self.verify_signature(value, signature):
            raise BadSignature("the signature does not fit the value", payload=value)
        return value

    def validate(self, signed_value: str | bytes) -> bool:
        """Whether unsign would succeed."""
        try:
            self.unsign(signed_value)
        except BadSignature:
            return False
        return True


def _key_list(secret_key):
    keys = [secret_key] if isinstance(secret_key, (str, bytes, bytearray)) else secret_key
    keys = [_to_bytes(key) for key in keys]
    if not keys or not all(keys):
        raise ValueError("the secret key is empty: anybody could sign; make one with secrets.token_hex()")
    return keys


class TimestampSigner(Signer):
    """A Signer that also notes when it signed: ``value.timestamp.signature``."""

    def get_timestamp(self) -> int:
        """Seconds since 1970."""
        return int(time.time())

    def timestamp_to_datetime(self, ts: int) -> datetime:
        """Return a timestamp as an aware datetime, UTC."""
        from datetime import datetime, timezone

        return datetime.fromtimestamp(ts, tz=timezone.utc)

    def sign(self, value: str | bytes) -> bytes:
        """Return ``value.timestamp.signature``."""
        now = self.get_timestamp()
        stamp = base64_encode(now.to_bytes((now.bit_length() + 7) // 8, "big"))
        return super().sign(_to_bytes(value) + self.sep + stamp)

    def unsign(self, signed_value: str | bytes, max_age: float | None = None, return_timestamp: bool = False) -> Any:
        """Return the value, or with return_timestamp (value, when it was signed).

        max_age   seconds; older raises SignatureExpired, and so does a date in the future
        raises    BadTimeSignature, with the value and the date as far as they can be read
        """
        try:
            signed, wrong = super().unsign(signed_value), None
        except BadSignature as error:
            signed, wrong = error.payload or b"", error.message
        value, sep, stamp = signed.rpartition(self.sep)
        timestamp = _parse_timestamp(stamp) if sep else None
        if timestamp is None:
            wrong = wrong or "the signature fits, but there is no timestamp in front of it"
            raise BadTimeSignature(wrong, (value if sep else signed) or None)
        if wrong:
            raise BadTimeSignature(wrong, value, self.timestamp_to_datetime(timestamp))
        if max_age is not None:
            age = self.get_timestamp() - timestamp
            if not 0 <= age <= max_age:
                when = self.timestamp_to_datetime(timestamp)
                raise SignatureExpired(f"signed {age} seconds ago, {max_age} is the most", value, when)
        return (value, self.timestamp_to_datetime(timestamp)) if return_timestamp else value

    def validate(self, signed_value: str | bytes, max_age: float | None = None) -> bool:
        """Whether unsign would succeed."""
        try:
            self.unsign(signed_value, max_age)
        except BadSignature:
            return False
        return True


def _parse_timestamp(stamp):
    """Seconds since 1970, or None for what no signer wrote."""
    try:
        seconds = int.from_bytes(base64_decode(stamp), "big")
    except BadData:
        return None
    return seconds if seconds < _last_second else None


class URLSafeSerializer:
    """Turns an object into signed text that may stand in an address or a cookie, and back.

    >>> serializer = URLSafeSerializer("secret key", salt="invitation")
    >>> serializer.loads(serializer.dumps({"id": 5}))
    {'id': 5}

    secret_key, salt    as for Signer
    serializer          an object with dumps (object to str) and loads (str to object);
                        JSON unless given
    serializer_kwargs   further arguments of its dumps
    signer              another class of signer
    signer_kwargs       further arguments of the signer
    fallback_signers    what texts may have been signed with until now, each a dict of
                        signer_kwargs, a class, or both as (class, dict)

    What is longer when plain is compressed, with a "." in front.
    """

    default_signer: type[Signer] = Signer
    # A signed value is our own making, but keys leak: what 2 kB of zeros unpack to must not fill the memory.
    max_unpacked = 1024 * 1024

    def __init__(
        self,
        secret_key: Key,
        salt: Salt | None = b"itsdangerous",
        serializer: Any = None,
        serializer_kwargs: dict[str, Any] | None = None,
        signer: type[Signer] | None = None,
        signer_kwargs: dict[str, Any] | None = None,
        fallback_signers: Iterable[Any] | None = None,
    ) -> None:
        self.secret_keys = _key_list(secret_key)
        self.salt = salt
        self.serializer = serializer or _CompactJSON
        self.serializer_kwargs = serializer_kwargs or {}
        self.signer = signer or self.default_signer
        self.signer_kwargs = signer_kwargs or {}
        self.fallback_signers = list(fallback_signers or ())
        self._own_signer = self.signer(self.secret_keys, self.salt, **self.signer_kwargs)

    def make_signer(self, salt: Salt | None = None) -> Signer:
        """Return a signer; salt takes the place of the serializer's own."""
        return self._own_signer if salt is None else self.signer(self.secret_keys, salt, **self.signer_kwargs)

    def iter_unsigners(self, salt: Salt | None = None) -> Iterator[Signer]:
        """Yield what a text may have been signed with: the signer, then the fallbacks."""
        yield self.make_signer(salt)
        for fallback in self.fallback_signers:
            signer, kwargs = fallback if isinstance(fallback, tuple) else (fallback, self.signer_kwargs)
            if isinstance(fallback, dict):
                signer, kwargs = self.signer, fallback
            yield signer(self.secret_keys, self.salt if salt is None else salt, **kwargs)

    def dumps(self, obj: Any, salt: Salt | None = None) -> str:
        """Return the object as signed text."""
        return self.make_signer(salt).sign(self.dump_payload(obj)).decode("ascii")

    def loads(self, s: str | bytes, salt: Salt | None = None) -> Any:
        """Return the object; BadSignature if the text was changed, BadPayload if it cannot be read."""
        return self.load_payload(self._unsign(s, salt))

    def loads_unsafe(self, s: str | bytes, salt: Salt | None = None) -> tuple[bool, Any]:
        """Return (whether the signature fits, the object or None): to look at, not to rely on."""
        return self._load_unsafe(lambda: self.loads(s, salt))

    def _load_unsafe(self, load):
        try:
            return True, load()
        except BadSignature as error:
            try:
                return False, None if error.payload is None else self.load_payload(error.payload)
            except BadPayload:
                return False, None

    def _unsign(self, text, salt, **kwargs):
        """What was signed, if it was by one of the signers."""
        data = _printable(text)
        *signers, last = self.iter_unsigners(salt)
        for signer in signers:
            try:
                return signer.unsign(data, **kwargs)
            except SignatureExpired:  # its signature fits
                raise
            except BadSignature:
                continue
        return last.unsign(data, **kwargs)

    def dump(self, obj: Any, f: IO[str], salt: Salt | None = None) -> None:
        """Write the object as signed text to a file."""
        f.write(self.dumps(obj, salt))

    def load(self, f: IO[Any], salt: Salt | None = None) -> Any:
        """Read a file that dump wrote."""
        return self.loads(f.read(), salt=salt)

    def dump_payload(self, obj: Any) -> bytes:
        """Return the object as text, unsigned."""
        text = self.serializer.dumps(obj, **self.serializer_kwargs)
        data = text.encode("utf-8") if isinstance(text, str) else text
        if len(data) <= self.max_unpacked:
            packed = zlib.compress(data)
            if len(packed) < len(data) - 1:
                return b"." + base64_encode(packed)
        return base64_encode(data)

    def load_payload(self, payload: bytes) -> Any:
        """Return the object of an unsigned text; BadPayload for anything that dump_payload did not make."""
        try:
            data = base64_decode(payload[1:] if payload[:1] == b"." else payload)
            if payload[:1] == b".":
                data = _unpack(data, self.max_unpacked)
            return self.serializer.loads(data.decode("utf-8"))
        except Exception as error:  # whatever a serializer raises on text that is not its own
            raise BadPayload(f"the signed text cannot be read: {error}", original_error=error) from error


class URLSafeTimedSerializer(URLSafeSerializer):
    """A URLSafeSerializer that knows how old a text is.

    >>> serializer = URLSafeTimedSerializer("secret key")
    >>> token = serializer.dumps("ada@example.com", salt="new password")
    >>> serializer.loads(token, max_age=3600, salt="new password")
    'ada@example.com'
    """

    default_signer = TimestampSigner

    def loads(  # type: ignore[override]
        self,
        s: str | bytes,
        max_age: float | None = None,
        return_timestamp: bool = False,
        salt: Salt | None = None,
    ) -> Any:
        """Return the object, or with return_timestamp (object, when it was signed).

        max_age   seconds; older raises SignatureExpired
        """
        signed = self._unsign(s, salt, max_age=max_age, return_timestamp=return_timestamp)
        return (self.load_payload(signed[0]), signed[1]) if return_timestamp else self.load_payload(signed)

    def loads_unsafe(  # type: ignore[override]
        self, s: str | bytes, max_age: float | None = None, salt: Salt | None = None
    ) -> tuple[bool, Any]:
        """Return (whether the signature fits and is young enough, the object or None): to look at, not to rely on."""
        return self._load_unsafe(lambda: self.loads(s, max_age, salt=salt))


class _CompactJSON:
    """JSON without blanks."""

    loads: Callable[[str], Any] = staticmethod(json.loads)

    @staticmethod
    def dumps(obj, **kwargs):
        return json.dumps(obj, **{"ensure_ascii": False, "separators": (",", ":"), **kwargs})


def _printable(text):
    """The text as ASCII bytes; no signer wrote anything else."""
    try:
        return text.encode("ascii") if isinstance(text, str) else text
    except UnicodeEncodeError:
        raise BadSignature("not ASCII: this was not signed here") from None


def _unpack(data, limit):
    """Decompress; ValueError where that gives more than limit bytes or the data is cut off."""
    unpacker = zlib.decompressobj()
    plain = unpacker.decompress(data, limit + 1)
    if len(plain) > limit or not unpacker.eof:
        raise ValueError(f"compressed data that is broken, or larger than {limit} bytes")
    return plain
