"""Text that went through a stranger's hands: made so that a change is noticed.

In a request's way: the session travels in a cookie, signed, not encrypted;
the client can read it and cannot change it.  The format is itsdangerous's:
``payload.timestamp.signature``, in URL-safe base64 without padding.

HMAC is RFC 2104; base64url is RFC 4648, section 5.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
import zlib
from binascii import a2b_base64, b2a_base64
from datetime import datetime, timezone
from functools import lru_cache, partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import IO, Any

    Key = str | bytes | Iterable[str | bytes]
    Salt = str | bytes

__all__ = [
    "BadData",
    "BadPayload",
    "BadSignature",
    "BadTimeSignature",
    "HMACAlgorithm",
    "Serializer",
    "SignatureExpired",
    "Signer",
    "SigningAlgorithm",
    "TimedSerializer",
    "TimestampSigner",
    "URLSafeSerializer",
    "URLSafeTimedSerializer",
    "base64_decode",
    "base64_encode",
    "want_bytes",
]


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
    """The signature is good, and older than max_age, or from the future."""


class BadPayload(BadData):
    """The signature is good, and what was signed cannot be loaded.  original_error says why."""

    def __init__(self, message: str, original_error: Exception | None = None) -> None:
        super().__init__(message)
        self.original_error = original_error


def want_bytes(s: str | bytes, encoding: str = "utf-8", errors: str = "strict") -> bytes:
    """Return text encoded, and bytes as they are; TypeError for anything else.

    On the way of a session nearly all is bytes already, and whoever stands there looks before he calls.
    """
    if type(s) is bytes:
        return s
    if isinstance(s, str):
        return s.encode(encoding, errors)
    if isinstance(s, (bytes, bytearray)):
        return bytes(s)
    # Not shown, for it may be a key.  bytes(5) would be five zeros, and anybody could sign with them.
    raise TypeError(f"only text and bytes can be signed, or be key, salt or signature; this is {type(s).__name__}")


# base64.urlsafe_b64encode() and its kind do the same, by three more calls each.  The "!" is in no base64.
_to_address, _from_address = bytes.maketrans(b"+/", b"-_"), bytes.maketrans(b"-_+/=", b"+/!!!")


def base64_encode(string: str | bytes) -> bytes:
    """Encode without padding, for addresses: RFC 4648, section 5."""
    data = string if type(string) is bytes else want_bytes(string)
    return b2a_base64(data, newline=False).translate(_to_address).rstrip(b"=")


def base64_decode(string: str | bytes) -> bytes:
    """Decode what base64_encode made; BadData for anything else, even if other decoders can read it."""
    text = string if type(string) is bytes else want_bytes(string, "ascii", "replace")
    usual = text.translate(_from_address) + b"=" * (-len(text) % 4)
    try:
        data = a2b_base64(usual)
    except ValueError:
        data = b""
    if b2a_base64(data, newline=False) != usual:
        raise BadData("not base64 as it is made here: of letters, digits, '-' and '_' alone, in one way only")
    return data


class SigningAlgorithm:
    """How signatures are made and checked.  A Signer takes one of your own as its algorithm."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        """Return the signature, as bytes that are not text yet."""
        raise NotImplementedError(f"{type(self).__name__} has no get_signature()")

    def verify_signature(self, key: bytes, value: bytes, sig: bytes) -> bool:
        """Whether the signature fits; takes the same time if not."""
        return hmac.compare_digest(sig, self.get_signature(key, value))


class HMACAlgorithm(SigningAlgorithm):
    """RFC 2104, over a hashlib constructor or the name of one."""

    default_digest_method: Any = "sha1"  # as HMAC still sound (RFC 6151 says so even of MD5), and what Flask uses

    def __init__(self, digest_method: Any = None) -> None:
        self.digest_method = digest_method or self.default_digest_method

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        """Return the HMAC."""
        keyed = _keyed_hmac(key, self.digest_method).copy()
        keyed.update(value)
        return keyed.digest()


@lru_cache(maxsize=64)
def _keyed_hmac(key, digest_method):
    """An HMAC that has taken in its key and no message yet: to be copied for each, which is half of the work."""
    return hmac.new(key, digestmod=digest_method)


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
    algorithm        a SigningAlgorithm; HMACAlgorithm(digest_method) unless given
    """

    default_digest_method: Any = HMACAlgorithm.default_digest_method
    default_key_derivation = "django-concat"

    def __init__(
        self,
        secret_key: Key,
        salt: Salt | None = b"itsdangerous.Signer",
        sep: str | bytes = b".",
        key_derivation: str | None = None,
        digest_method: Any = None,
        algorithm: SigningAlgorithm | None = None,
    ) -> None:
        self.secret_keys = _key_list(secret_key)
        self.salt = b"itsdangerous.Signer" if salt is None else want_bytes(salt)
        self.sep = want_bytes(sep)
        if re.fullmatch(rb"[A-Za-z0-9_=-]*", self.sep):
            raise ValueError(f"sep {self.sep!r} may stand in a signature itself: use a sign like '.' or ':'")
        self.key_derivation = key_derivation or self.default_key_derivation
        self.digest_method = digest_method or self.default_digest_method
        self.algorithm = algorithm or HMACAlgorithm(self.digest_method)
        self._derived: dict[bytes, bytes] = {}

    @property
    def secret_key(self) -> bytes:
        """The newest key, with which is signed."""
        return self.secret_keys[-1]

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        """Return the key that is used for this salt."""
        key = self.secret_keys[-1] if secret_key is None else secret_key
        if type(key) is not bytes:
            key = want_bytes(key)
        known = self._derived.get(key)
        if known is None:
            known = self._derived[key] = self._derive(key)
        return known

    def _derive(self, key):
        if self.key_derivation == "none":
            return key
        if self.key_derivation == "hmac":
            return hmac.digest(key, self.salt, self.digest_method)
        parts = {"concat": self.salt + key, "django-concat": self.salt + b"signer" + key}
        if self.key_derivation not in parts:
            raise TypeError(f"key_derivation {self.key_derivation!r}: there are concat, django-concat, hmac and none")
        make = partial(hashlib.new, self.digest_method) if isinstance(self.digest_method, str) else self.digest_method
        return make(parts[self.key_derivation]).digest()

    def get_signature(self, value: str | bytes) -> bytes:
        """Return the signature alone."""
        data = value if type(value) is bytes else want_bytes(value)
        return base64_encode(self.algorithm.get_signature(self.derive_key(), data))

    def sign(self, value: str | bytes) -> bytes:
        """Return ``value.signature``."""
        data = value if type(value) is bytes else want_bytes(value)
        return data + self.sep + self.get_signature(data)

    def verify_signature(self, value: str | bytes, sig: str | bytes) -> bool:
        """Whether the signature fits the value under any of the keys; takes the same time if not."""
        data = value if type(value) is bytes else want_bytes(value)
        try:
            given = base64_decode(sig)
        except BadData:
            return False
        for key in reversed(self.secret_keys):
            if self.algorithm.verify_signature(self.derive_key(key), data, given):
                return True
        return False

    def unsign(self, signed_value: str | bytes) -> bytes:
        """Return the value without its signature; BadSignature if that does not fit."""
        data = want_bytes(signed_value, errors="surrogatepass")  # a client's text, and no error whatever it is
        value, sep, signature = data.rpartition(self.sep)
        if not sep:
            raise BadSignature(f"no {self.sep.decode(errors='replace')!r} in it: this was not signed here")
        if not self.verify_signature(value, signature):
            raise BadSignature("the signature does not fit the value", payload=value)
        return value

    def validate(self, signed_value: str | bytes, *args: Any, **kwargs: Any) -> bool:
        """Whether unsign would succeed with these arguments."""
        try:
            self.unsign(signed_value, *args, **kwargs)
        except BadSignature:
            return False
        return True


def _key_list(secret_key):
    alone = isinstance(secret_key, (str, bytes, bytearray))
    keys = [want_bytes(key) for key in ([secret_key] if alone else secret_key)]
    if not keys or not all(keys):
        raise ValueError("the secret key is empty: anybody could sign; make one with secrets.token_hex()")
    return keys


_last_timestamp = 253402300799  # 9999-12-31 23:59:59, the last moment that a datetime can tell


@lru_cache(maxsize=1)  # all that is signed in a second has the same
def _write_stamp(timestamp):
    return base64_encode(timestamp.to_bytes((timestamp.bit_length() + 7) // 8, "big"))


def _read_stamp(stamp):
    """A timestamp; None for what no signer wrote."""
    try:
        timestamp = int.from_bytes(base64_decode(stamp), "big")
    except BadData:
        return None
    return timestamp if timestamp <= _last_timestamp else None


class TimestampSigner(Signer):
    """A Signer that also notes when it signed: ``value.timestamp.signature``."""

    def get_timestamp(self) -> int:
        """Seconds since 1970."""
        return int(time.time())

    def timestamp_to_datetime(self, ts: int) -> datetime:
        """Return a timestamp as an aware datetime, UTC."""
        return datetime.fromtimestamp(ts, tz=timezone.utc)

    def sign(self, value: str | bytes) -> bytes:
        """Return ``value.timestamp.signature``."""
        data = value if type(value) is bytes else want_bytes(value)
        return super().sign(data + self.sep + _write_stamp(self.get_timestamp()))

    def unsign(self, signed_value: str | bytes, max_age: float | None = None, return_timestamp: bool = False) -> Any:
        """Return the value, or with return_timestamp (value, when it was signed).

        max_age   seconds; older raises SignatureExpired, and so does a date in the future
        raises    BadTimeSignature, with the value and the date as far as they can be read
        """
        try:
            signed, wrong = super().unsign(signed_value), None
        except BadSignature as error:
            if self.sep not in (error.payload or b""):
                raise
            signed, wrong = error.payload, error.message
        value, sep, stamp = signed.rpartition(self.sep)
        timestamp: Any = _read_stamp(stamp) if sep else None
        if wrong is None and timestamp is None:
            wrong = "the signature fits, but there is no timestamp in front of it"
        if wrong is not None:
            raise BadTimeSignature(wrong, value if sep else signed, self._date_of(timestamp))
        if max_age is not None:
            age = self.get_timestamp() - timestamp
            if age < 0:
                raise SignatureExpired(
                    f"signed {-age} seconds ahead of the clock here", value, self._date_of(timestamp)
                )
            if not age <= max_age:  # not "age > max_age", which lets a max_age of NaN pass
                raise SignatureExpired(
                    f"signed {age} seconds ago, {max_age} is the most", value, self._date_of(timestamp)
                )
        return (value, self._date_of(timestamp)) if return_timestamp else value

    def _date_of(self, timestamp):
        return None if timestamp is None else self.timestamp_to_datetime(timestamp)


class Serializer:
    """Turns an object into signed text, and back.

    >>> serializer = Serializer("secret key", salt="invitation")
    >>> serializer.dumps({"id": 5})
    '{"id": 5}.rXVfuOwbt5TEtf3erTMK1ho7NCE'
    >>> serializer.loads(_)
    {'id': 5}

    secret_key, salt    as for Signer
    serializer          an object with dumps (object to text or bytes) and loads; json unless given
    serializer_kwargs   further arguments of its dumps
    signer              another class of signer
    signer_kwargs       further arguments of the signer
    fallback_signers    what texts may have been signed with until now, each a dict of
                        signer_kwargs, a class, or both as (class, dict)

    Where the serializer dumps bytes, what is signed is bytes too.
    """

    default_serializer: Any = json
    default_signer: type[Signer] = Signer
    default_fallback_signers: Iterable[Any] = ()

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
        self.salt = None if salt is None else want_bytes(salt)  # None leaves it to the signer
        self.serializer = self.default_serializer if serializer is None else serializer
        self.serializer_kwargs = serializer_kwargs or {}
        self.is_text_serializer = _is_text(self.serializer)
        self.signer = signer or self.default_signer
        self.signer_kwargs = signer_kwargs or {}
        self.fallback_signers = list(self.default_fallback_signers if fallback_signers is None else fallback_signers)
        self._own_signer = self.signer(self.secret_keys, self.salt, **self.signer_kwargs)

    @property
    def secret_key(self) -> bytes:
        """The newest key, with which is signed."""
        return self.secret_keys[-1]

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

    def dumps(self, obj: Any, salt: Salt | None = None) -> Any:
        """Return the object as signed text."""
        signed = self.make_signer(salt).sign(self.dump_payload(obj))
        return signed.decode("utf-8") if self.is_text_serializer else signed

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
        *signers, last = self.iter_unsigners(salt)
        for signer in signers:
            try:
                return signer.unsign(text, **kwargs)
            except SignatureExpired:  # its signature fits
                raise
            except BadSignature:
                continue
        return last.unsign(text, **kwargs)

    def dump(self, obj: Any, f: IO[Any], salt: Salt | None = None) -> None:
        """Write the object as signed text to a file."""
        f.write(self.dumps(obj, salt))

    def load(self, f: IO[Any], salt: Salt | None = None) -> Any:
        """Read a file that dump wrote."""
        return self.loads(f.read(), salt=salt)

    def load_unsafe(self, f: IO[Any], salt: Salt | None = None) -> tuple[bool, Any]:
        """Read a file as loads_unsafe reads a text."""
        return self.loads_unsafe(f.read(), salt=salt)

    def dump_payload(self, obj: Any) -> bytes:
        """Return the object as it will be signed."""
        return want_bytes(self.serializer.dumps(obj, **self.serializer_kwargs))

    def load_payload(self, payload: bytes, serializer: Any = None) -> Any:
        """Return the object of what dump_payload made; BadPayload for anything else.

        serializer   takes the place of the Serializer's own
        """
        is_text = self.is_text_serializer if serializer is None else _is_text(serializer)
        try:
            return (serializer or self.serializer).loads(payload.decode("utf-8") if is_text else payload)
        except Exception as error:  # whatever a serializer raises on text that is not its own
            raise BadPayload(f"what was signed cannot be read: {error}", original_error=error) from error


def _is_text(serializer):
    """Whether it dumps text; if not, bytes."""
    return isinstance(serializer.dumps({}), str)


class TimedSerializer(Serializer):
    """A Serializer that knows how old a text is."""

    default_signer = TimestampSigner

    def loads(  # type: ignore[override]
        self, s: str | bytes, max_age: float | None = None, return_timestamp: bool = False, salt: Salt | None = None
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


class _URLSafe(Serializer):
    """What puts the payload into base64, and compresses it where that is shorter, with a "." in front."""

    default_serializer = _CompactJSON
    # A signed value is our own making, but keys leak: what 2 kB of zeros unpack to must not fill the memory.
    max_unpacked = 1024 * 1024

    if TYPE_CHECKING:

        def dumps(self, obj: Any, salt: Salt | None = None) -> str: ...

    def dump_payload(self, obj: Any) -> bytes:
        """Return the object as text, unsigned."""
        data = super().dump_payload(obj)
        if len(data) <= self.max_unpacked:
            packed = _pack(data)
            if len(packed) < len(data) - 1:
                return b"." + base64_encode(packed)
        return base64_encode(data)

    def load_payload(self, payload: bytes, serializer: Any = None) -> Any:
        """Return the object of an unsigned text; BadPayload for anything that dump_payload did not make."""
        try:
            if payload[:1] == b".":
                data = _unpack(base64_decode(payload[1:]), self.max_unpacked)
            else:
                data = base64_decode(payload)
        except (ValueError, zlib.error, BadData) as error:
            raise BadPayload(f"what was signed cannot be read: {error}", original_error=error) from error
        return super().load_payload(data, serializer)


def _pack(data):
    """The same bytes as zlib.compress(data).

    That sets 256 kB aside, which for a short text takes longer than all else here.  The least that
    zlib can work with, 3 kB, makes the same of up to 40 bytes, for they reach none of its limits: a
    block has 127 symbols, references go back 250 bytes, and of the places that something may be
    a repetition of 32 are looked at.  The window, however, stands in the first two bytes.
    """
    if len(data) > 40:
        return zlib.compress(data)
    packer = zlib.compressobj(wbits=9, memLevel=1)
    return b"\x78\x9c" + (packer.compress(data) + packer.flush())[2:]


def _unpack(data, limit):
    """Decompress; ValueError where that gives more than limit bytes or the data is cut off."""
    unpacker = zlib.decompressobj()
    plain = unpacker.decompress(data, limit + 1)
    if len(plain) > limit or not unpacker.eof:
        raise ValueError(f"compressed data that is broken, or larger than {limit} bytes")
    return plain


class URLSafeSerializer(_URLSafe, Serializer):
    """A Serializer whose text may stand in an address or a cookie.

    >>> serializer = URLSafeSerializer("secret key", salt="invitation")
    >>> serializer.loads(serializer.dumps({"id": 5}))
    {'id': 5}
    """


class URLSafeTimedSerializer(_URLSafe, TimedSerializer):
    """A URLSafeSerializer that knows how old a text is.

    >>> serializer = URLSafeTimedSerializer("secret key")
    >>> token = serializer.dumps("ada@example.com", salt="new password")
    >>> serializer.loads(token, max_age=3600, salt="new password")
    'ada@example.com'
    """
