import base64
import hashlib
import io
import json
import pickle
import random
import tracemalloc
import unittest
import zlib
from datetime import datetime, timezone
from unittest import mock

from nanoweb import signing
from nanoweb.signing import (
    BadData,
    BadPayload,
    BadSignature,
    BadTimeSignature,
    HMACAlgorithm,
    Serializer,
    SignatureExpired,
    Signer,
    SigningAlgorithm,
    TimedSerializer,
    TimestampSigner,
    URLSafeSerializer,
    URLSafeTimedSerializer,
    base64_decode,
    base64_encode,
    want_bytes,
)
from nanoweb.tagging import TaggedJSONSerializer

NOVEMBER = datetime(1994, 11, 6, 8, 49, 37, tzinfo=timezone.utc)


def at(seconds_later):
    """Have it be some seconds after NOVEMBER."""
    return mock.patch("time.time", return_value=NOVEMBER.timestamp() + seconds_later)


def changed(text):
    """Yield a text with each of its characters changed, left out, or doubled."""
    for place, character in enumerate(text):
        before, after = text[:place], text[place + 1 :]
        yield before + ("A" if character != "A" else "B") + after
        yield before + character * 2 + after
        yield before + after


SERIALIZERS = [Serializer, TimedSerializer, URLSafeSerializer, URLSafeTimedSerializer]


class EncodingTest(unittest.TestCase):
    """Text, bytes and base64, RFC 4648, section 5."""

    def test_text_is_encoded_and_bytes_are_bytes(self):
        for given, data in [("ä", b"\xc3\xa4"), (b"\xff", b"\xff"), (bytearray(b"a"), b"a"), ("", b"")]:
            with self.subTest(given):
                self.assertEqual(want_bytes(given), data)
        self.assertEqual(want_bytes("ä", "latin-1"), b"\xe4")
        self.assertEqual(want_bytes("ä", "ascii", "replace"), b"?")

    def test_nothing_else_is_taken_for_bytes(self):
        for wrong in [None, 5, 0.5, ["a"], object()]:
            with self.subTest(wrong), self.assertRaisesRegex(TypeError, f"this is {type(wrong).__name__}"):
                want_bytes(wrong)

    def test_base64_has_no_padding_and_no_other_signs(self):
        for data, text in [(b"", b""), (b"a", b"YQ"), (b"\xff\xfe", b"__4"), ("ä", b"w6Q"), (bytes(3), b"AAAA")]:
            with self.subTest(data):
                self.assertEqual(base64_encode(data), text)
                self.assertEqual(base64_decode(text), want_bytes(data))
                self.assertEqual(base64_decode(text.decode()), want_bytes(data))
        for text in ["Y", "YQ==", "YQ=", "_/4", "_+4", "Y Q", "YQ\n", "ä", "\ud800", b"\xff", "Y.Q", "AAAAA", "YR"]:
            with self.subTest(text):
                self.assertRaises(BadData, base64_decode, text)


class SignerTest(unittest.TestCase):
    def test_what_was_signed_comes_back(self):
        signer = Signer("secret key")
        for value in ["value", b"value", "", "wert ä", b"\0\xff", "a.b.c"]:
            with self.subTest(value):
                signed = signer.sign(value)
                self.assertEqual(signer.unsign(signed), value.encode() if isinstance(value, str) else value)
                self.assertTrue(signer.validate(signed))
                self.assertTrue(signer.verify_signature(value, signer.get_signature(value).decode()))

    def test_signatures_are_those_of_itsdangerous(self):
        for derivation, method, signature in [
            ("django-concat", "sha1", b"1-Tcl320XSzrMEOsP9bXD8ciWIY"),
            ("django-concat", hashlib.sha256, b"iCkp5KtBqjtBn4MxdosWpm77aOUFISEHDsdlaDXR574"),
            ("concat", hashlib.sha1, b"rBw9BsIGxRmHZtjHrFfzjYWteBY"),
            ("concat", "sha256", b"Mp0_pN1nE0NPuA68MTBwbSB3UadfBCKcUNuPZZnrVZs"),
            ("hmac", "sha1", b"_GZJzvmLNPuRvhtsPzNtmCSVt6w"),
            ("hmac", hashlib.sha256, b"hZwG_DMxB5Dh-IojcHHVUK3lYdELgr-UJerzvUb2dKU"),
            ("none", hashlib.sha1, b"xHGSDTIWJGIZpBNQp0pLxov75x4"),
            ("none", "sha256", b"LWiG8StdifTKhdXEm-skhi_TisSzgL54IistYstOwbc"),
        ]:
            with self.subTest(derivation, method=method):
                signer = Signer("secret key", salt="salt", key_derivation=derivation, digest_method=method)
                self.assertEqual(signer.sign("value"), b"value." + signature)

    def test_any_change_is_noticed(self):
        signer = Signer("secret key")
        for text in changed(signer.sign("value").decode()):
            with self.subTest(text):
                self.assertRaises(BadSignature, signer.unsign, text)
                self.assertFalse(signer.validate(text))

    def test_a_signature_can_be_written_in_one_way_only(self):
        # base64 has several texts for the same bytes: with padding, with other last bits, with junk in between.
        signer = Signer("secret key")
        value, _, signature = signer.sign("value").partition(b".")
        last = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".index(signature[-1:])
        other = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last ^ 1 : (last ^ 1) + 1]
        standard = base64.b64encode(base64.urlsafe_b64decode(signature + b"="))
        self.assertEqual(base64.urlsafe_b64decode(signature[:-1] + other + b"="), base64.b64decode(standard))
        for text in [signature + b"=", signature[:-1] + other, standard, b"!" + signature, signature + b"\n"]:
            with self.subTest(text):
                self.assertFalse(signer.verify_signature(value, text))

    def test_what_was_never_signed_is_a_bad_signature_and_no_other_error(self):
        for signer in [Signer("secret key"), TimestampSigner("secret key")]:
            for text in [
                "",
                ".",
                "..",
                "value",
                "value.",
                ".value",
                "ä.ö",
                "\ud800.a",
                b"\xff.\xff",
                b".",
                "a" * 100_000,
            ]:
                with self.subTest(text[:20], signer=type(signer).__name__):
                    self.assertRaises(BadSignature, signer.unsign, text)
                    self.assertFalse(signer.validate(text))

    def test_an_error_knows_what_it_is_about(self):
        for text, payload in [("value.no", b"value"), ("value", None)]:
            with self.assertRaises(BadSignature) as caught:
                Signer("secret key").unsign(text)
            self.assertEqual(caught.exception.payload, payload)
            self.assertEqual(caught.exception.message, str(caught.exception))

    def test_another_key_salt_or_method_gives_another_signature(self):
        signatures = {
            Signer(key, salt=salt, key_derivation=derivation, digest_method=method).sign("value")
            for key in ["one", "two"]
            for salt in ["one", "two"]
            for derivation in ["django-concat", "concat", "hmac"]
            for method in ["sha1", "sha256", "sha512"]
        }
        self.assertEqual(len(signatures), 36)

    def test_a_value_signed_for_one_use_does_not_pass_for_another(self):
        signed = Signer("secret key", salt="invitation").sign("ada")
        self.assertRaises(BadSignature, Signer("secret key", salt="password").unsign, signed)
        self.assertRaises(BadSignature, Signer("secret key").unsign, signed)

    def test_the_newest_key_signs_and_all_verify(self):
        # GHSA-4grg-w6v8-c28g: with fallbacks the oldest key signed.
        old, new = Signer("old"), Signer("new")
        both = Signer(["old", b"new"])
        self.assertEqual((both.sign("value"), both.secret_key), (new.sign("value"), b"new"))
        for signer in [old, new, both]:
            self.assertEqual(both.unsign(signer.sign("value")), b"value")
        self.assertRaises(BadSignature, old.unsign, both.sign("value"))
        self.assertRaises(BadSignature, both.unsign, Signer("other").sign("value"))
        self.assertEqual(both.derive_key("old"), old.derive_key())

    def test_without_a_key_nothing_is_signed(self):
        for key in ["", b"", [], ["old", ""], ()]:
            for make in [Signer, URLSafeSerializer]:
                with self.subTest(key), self.assertRaisesRegex(ValueError, "the secret key is empty"):
                    make(key)

    def test_a_number_is_no_key(self):
        # bytes(5) would be five zeros: anybody could sign.
        for key in [5, [5], None, [None]]:
            with self.subTest(key), self.assertRaises(TypeError):
                Signer(key)
        for arguments in [{"salt": 5}, {"sep": 5}]:
            with self.subTest(arguments), self.assertRaises(TypeError):
                Signer("secret key", **arguments)
        self.assertRaises(TypeError, Signer("secret key").sign, 5)

    def test_an_error_about_a_key_does_not_show_it(self):
        with self.assertRaises(TypeError) as caught:
            Signer([("swordfish",)])
        self.assertNotIn("swordfish", str(caught.exception))

    def test_a_value_that_cannot_be_encoded_is_not_signed(self):
        self.assertRaises(UnicodeEncodeError, Signer("secret key").sign, "\ud800")

    def test_an_algorithm_of_ones_own_signs_and_verifies(self):
        signer = Signer("secret key", algorithm=HMACAlgorithm(hashlib.sha512))
        signed = b"value.ALZr-1fnyIFrrUKYn9JL66dn-Pl1cEo1ZpWfkgW3JAPXvMgTpGAwWj5LshSqBawlohGm8HzVqOftsDuC5WCiwQ"
        self.assertEqual(signer.sign("value"), signed)
        default = Signer("secret key", algorithm=HMACAlgorithm())
        self.assertEqual(default.sign("value"), Signer("secret key").sign("value"))

        class Short(SigningAlgorithm):
            def get_signature(self, key, value):
                return hashlib.blake2b(value, key=key, digest_size=8).digest()

        class Lying(Short):
            def verify_signature(self, key, value, sig):
                return True

        signer = Signer("secret key", algorithm=Short())
        signed = signer.sign("value")
        self.assertEqual(signer.unsign(signed), b"value")
        self.assertEqual(len(signed), len("value.") + 11)
        for text in changed(signed.decode()):
            with self.subTest(text):
                self.assertFalse(signer.validate(text))
        self.assertEqual(Signer("secret key", algorithm=Lying()).unsign("other.AAAA"), b"other")
        self.assertRaisesRegex(
            NotImplementedError, "get_signature", Signer("k", algorithm=SigningAlgorithm()).sign, "value"
        )

    def test_a_subclass_may_have_defaults_of_its_own(self):
        class Modern(Signer):
            default_digest_method = staticmethod(hashlib.sha256)
            default_key_derivation = "hmac"

        same = Signer("secret key", digest_method="sha256", key_derivation="hmac")
        self.assertEqual(Modern("secret key").sign("value"), same.sign("value"))

    def test_signatures_are_compared_in_constant_time(self):
        signer = Signer(["old", "new"])
        good = [(text, 2) for text in ["value.AAAA", signer.sign("value"), Signer("old").sign("value")]]
        for text, times in [("value.no", 0), *good]:
            with self.subTest(text), mock.patch("hmac.compare_digest", return_value=False) as compare:
                self.assertFalse(signer.validate(text))
            self.assertEqual(compare.call_count, times)

    def test_what_stands_between_is_nothing_that_stands_within(self):
        for sep in ["", "a", "-", "_", "0", "ab", "=", "a="]:
            with self.subTest(sep), self.assertRaisesRegex(ValueError, "may stand in a signature"):
                Signer("secret key", sep=sep)
        for sep in [":", b"!", "::", "..", "é", b"\xff"]:
            signer = TimestampSigner("secret key", sep=sep)
            self.assertEqual(signer.unsign(signer.sign("a.b-c")), b"a.b-c")
            self.assertRaises(BadSignature, signer.unsign, b"value")

    def test_an_unknown_derivation_is_an_error_that_tells_what_there_is(self):
        with self.assertRaisesRegex(TypeError, "'sha': there are concat, django-concat, hmac and none"):
            Signer("secret key", key_derivation="sha").sign("value")


class TimestampSignerTest(unittest.TestCase):
    def setUp(self):
        self.signer = TimestampSigner("secret key")
        with at(0):
            self.signed = self.signer.sign("value")

    def test_the_format_is_that_of_itsdangerous(self):
        self.assertEqual(self.signed, b"value.LryYoQ.kT0-QU14EDwNWsZ22Emgrz1roZ8")

    def test_it_knows_when_it_signed(self):
        self.assertEqual(self.signer.unsign(self.signed), b"value")
        self.assertEqual(self.signer.unsign(self.signed, return_timestamp=True), (b"value", NOVEMBER))

    def test_what_is_too_old_is_expired(self):
        for later, max_age, good in [
            (0, 0, True),
            (5, 5, True),
            (6, 5, False),
            (6, None, True),
            (10**9, 10**10, True),
        ]:
            with self.subTest(later, max_age=max_age), at(later):
                self.assertIs(self.signer.validate(self.signed, max_age), good)
        with at(6), self.assertRaisesRegex(SignatureExpired, "signed 6 seconds ago, 5 is the most") as caught:
            self.signer.unsign(self.signed, max_age=5)
        self.assertEqual((caught.exception.payload, caught.exception.date_signed), (b"value", NOVEMBER))
        self.assertIsInstance(caught.exception, BadTimeSignature)

    def test_no_max_age_but_a_number_lets_anything_pass(self):
        for max_age, good in [(-1, False), (0.5, True), (float("inf"), True), (float("nan"), False)]:
            with self.subTest(max_age), at(0):
                self.assertIs(self.signer.validate(self.signed, max_age), good)
        with at(0):
            self.assertRaises(TypeError, self.signer.unsign, self.signed, max_age="5")

    def test_what_comes_from_the_future_is_as_bad(self):
        with at(-1):
            self.assertRaisesRegex(SignatureExpired, "1 seconds ahead", self.signer.unsign, self.signed, max_age=5)
            self.assertEqual(self.signer.unsign(self.signed), b"value")

    def test_a_clock_of_ones_own_may_count_from_another_year(self):
        class Since2011(TimestampSigner):
            def get_timestamp(self):
                return super().get_timestamp() + 1_000_000_000

            def timestamp_to_datetime(self, ts):
                return super().timestamp_to_datetime(ts - 1_000_000_000)

        signer = Since2011("secret key")
        with at(0):
            signed = signer.sign("value")
        with at(5):
            self.assertEqual(signer.unsign(signed, 5, return_timestamp=True), (b"value", NOVEMBER))
            self.assertRaises(SignatureExpired, signer.unsign, signed, 4)

    def test_any_change_is_noticed(self):
        for text in changed(self.signed.decode()):
            with self.subTest(text), self.assertRaises(BadSignature):
                self.signer.unsign(text)

    def test_an_error_tells_the_value_and_the_date_as_far_as_they_can_be_read(self):
        for text, kind, payload, date in [
            (self.signed[:-1], BadTimeSignature, b"value", NOVEMBER),
            (b".LryYoQ.no", BadTimeSignature, b"", NOVEMBER),
            (b"value.!.no", BadTimeSignature, b"value", None),
            (b"value.no", BadSignature, b"value", None),
            (b"value", BadSignature, None, None),
            (b"value." + b"_" * 8 + b".no", BadTimeSignature, b"value", None),  # no datetime can hold that date
            (b"value." + b"_" * 80_000 + b".no", BadTimeSignature, b"value", None),
            (b".no", BadSignature, b"", None),
            (Signer("secret key").sign("value"), BadTimeSignature, b"value", None),
        ]:
            with self.subTest(text[:20]), self.assertRaises(BadSignature) as caught:
                self.signer.unsign(text)
            error = caught.exception
            self.assertIs(type(error), kind)
            self.assertEqual((error.payload, getattr(error, "date_signed", None)), (payload, date))
            if text.endswith(b".no"):
                self.assertEqual((str(error), error.message), ("the signature does not fit the value",) * 2)

    def test_a_timestamp_has_no_more_bytes_than_it_needs(self):
        for moment, stamp in [(0, b""), (1, b"AQ"), (0xFFFFFFFF, b"_____w"), (0x100000000, b"AQAAAAA")]:
            with self.subTest(moment), mock.patch("time.time", return_value=moment):
                signed = self.signer.sign("value")
                self.assertEqual(signed.split(b".")[1], stamp)
                self.assertEqual(self.signer.unsign(signed, max_age=0), b"value")

    def test_a_signature_without_a_timestamp_is_none(self):
        for value in ["value", "value.", "value.!!", "value." + "_" * 20]:
            signed = Signer("secret key").sign(value)
            with self.subTest(value):
                if value == "value.":  # an empty timestamp is the year 1970
                    self.assertEqual(self.signer.unsign(signed), b"value")
                else:
                    self.assertRaisesRegex(BadTimeSignature, "no timestamp", self.signer.unsign, signed)


OBJECTS = [
    None,
    True,
    5,
    0.5,
    "",
    "ä\u2713\U0001f600",
    [],
    [1, [2]],
    {},
    {"id": 5, "name": "ä"},
    "a" * 1000,
    ["<&>"] * 50,
]


class SerializerTest(unittest.TestCase):
    def test_objects_come_back(self):
        for make in SERIALIZERS:
            serializer = make("secret key")
            for obj in OBJECTS:
                with self.subTest(str(obj)[:20], serializer=make.__name__):
                    text = serializer.dumps(obj)
                    self.assertEqual(serializer.loads(text), obj)
                    self.assertEqual(serializer.loads(text.encode()), obj)
                    self.assertEqual(serializer.loads_unsafe(text), (True, obj))
                    if make.__name__.startswith("URLSafe"):
                        self.assertRegex(text, r"\A[A-Za-z0-9_.-]+\Z")

    def test_only_those_for_addresses_use_base64(self):
        self.assertEqual(
            Serializer("secret key").dumps({"id": 5, "name": "ä"}),
            '{"id": 5, "name": "\\u00e4"}.VVIh6RThZAmqjWCDC2Q6fR8jWZg',
        )
        with at(0):
            self.assertEqual(TimedSerializer("secret key").dumps([1, 2]), "[1, 2].LryYoQ.EQPvi_nLXGtP35npGXKt-5UZvFk")
        colon = Serializer("secret key", signer_kwargs={"sep": ":"}, serializer_kwargs={"ensure_ascii": False})
        self.assertEqual(colon.loads(colon.dumps("ä")), "ä")

    def test_where_the_serializer_dumps_bytes_what_is_signed_is_bytes(self):
        class Wide:
            dumps = staticmethod(lambda obj: repr(obj).encode("utf-16-le"))
            loads = staticmethod(lambda data: int(data.decode("utf-16-le")))

        for make in SERIALIZERS:
            with self.subTest(make.__name__):
                serializer = make("secret key", serializer=Wide)
                self.assertIs(serializer.is_text_serializer, False)
                signed = serializer.dumps(55)
                self.assertIsInstance(signed, bytes)
                self.assertEqual(serializer.loads(signed), 55)
                self.assertEqual(serializer.load_payload(serializer.dump_payload(5)), 5)

    def test_a_payload_may_be_read_by_another_serializer(self):
        class Shouting:
            dumps = staticmethod(json.dumps)
            loads = staticmethod(str.upper)

        pickle_like = mock.Mock(dumps=lambda obj: b"", loads=bytes)  # for bytes
        for make, payload in [(Serializer, b'"a"'), (URLSafeSerializer, b"ImEi")]:
            with self.subTest(make.__name__):
                self.assertEqual(make("secret key").load_payload(payload, serializer=Shouting), '"A"')
                self.assertEqual(make("secret key").load_payload(payload, serializer=pickle_like), b'"a"')

    def test_a_subclass_may_have_defaults_of_its_own(self):
        class Mine(URLSafeTimedSerializer):
            default_serializer = json
            default_fallback_signers = [{"digest_method": "sha1"}]

        token = URLSafeTimedSerializer("secret key").dumps([1, 2])
        mine = Mine("secret key", signer_kwargs={"digest_method": "sha512"})
        self.assertEqual(mine.loads(token), [1, 2])
        self.assertEqual(mine.dump_payload([1, 2]), base64_encode("[1, 2]"))
        self.assertRaises(
            BadSignature, Mine("secret key", fallback_signers=[], signer_kwargs={"sep": ":"}).loads, token
        )
        self.assertEqual((mine.secret_key, mine.secret_keys), (b"secret key", [b"secret key"]))

    def test_the_format_is_that_of_itsdangerous(self):
        serializer = URLSafeSerializer("secret key")
        text = "eyJpZCI6NSwibmFtZSI6IsOkIn0.GUQWIM5u7CFOKXW8Wg524YqNQxo"
        self.assertEqual(serializer.dumps({"id": 5, "name": "ä"}), text)
        self.assertEqual(serializer.loads(text), {"id": 5, "name": "ä"})
        self.assertEqual(serializer.loads(".eJxTSqQDUAIArdsmKQ.wVNBuxgsYjCisYlf3UwdTtX92Q4"), "a" * 100)
        self.assertEqual(serializer.dumps([1], salt="other"), "WzFd.9ie-9hCISPoheAJmEIs_cdqdcAQ")
        self.assertEqual(URLSafeSerializer("secret key", salt=None).dumps([1]), "WzFd.uzP2mYelWgvffBbNB-I-8fN3nkY")

    def test_the_session_of_flask_is_read_and_written(self):
        signer_kwargs = {"key_derivation": "hmac", "digest_method": hashlib.sha1}
        session = URLSafeTimedSerializer(
            "secret key", "cookie-session", TaggedJSONSerializer(), signer_kwargs=signer_kwargs
        )
        text = (
            "eyJfZmxhc2hlcyI6W3siIHQiOlsibWVzc2FnZSIsIkhlbGxvIl19XSwidXNlciI6NX0.LryYoQ.pL3AmRj2njaHniKsshzAroMt61Y"
        )
        flashes = {"_flashes": [("message", "Hello")], "user": 5}
        with at(0):
            self.assertEqual(session.dumps(flashes), text)
            self.assertEqual(session.loads(text, max_age=0), flashes)
        self.assertEqual(
            session.loads(".eJyrVkpUslKqoANQqgUAPCcw_A.LryYoQ.1lQ7ynRsX3lbAWuwNyZ9o1VaCMo"), {"a": "x" * 100}
        )

    def test_any_change_is_noticed(self):
        for make in SERIALIZERS:
            serializer = make("secret key")
            for text in changed(serializer.dumps({"admin": False})):
                with self.subTest(text), self.assertRaises(BadSignature):
                    serializer.loads(text)

    def test_what_was_never_signed_is_a_bad_signature_and_no_other_error(self):
        for make in SERIALIZERS:
            serializer = make("secret key")
            for text in ["", ".", "a.b", "ä.b", "\ud800", b"\xff.\xff", ".eJx.a", "\0", "." * 10_000]:
                with self.subTest(text[:20], serializer=type(serializer).__name__):
                    self.assertRaises(BadSignature, serializer.loads, text)

    def test_a_salt_of_its_own_keeps_one_use_from_another(self):
        serializer = URLSafeTimedSerializer("secret key")
        token = serializer.dumps("ada", salt="new password")
        self.assertEqual(serializer.loads(token, max_age=60, salt="new password"), "ada")
        for salt in [None, "invitation", "itsdangerous"]:
            with self.subTest(salt):
                self.assertRaises(BadSignature, serializer.loads, token, salt=salt)
        self.assertRaises(BadSignature, serializer.loads, URLSafeSerializer("secret key").dumps("ada"))

    def test_what_is_too_old_is_expired(self):
        serializer = URLSafeTimedSerializer("secret key")
        with at(0):
            token = serializer.dumps([1])
        with at(5):
            self.assertEqual(serializer.loads(token, max_age=5), [1])
            self.assertEqual(serializer.loads(token, 5, True), ([1], NOVEMBER))
            self.assertRaises(SignatureExpired, serializer.loads, token, max_age=4)

    def test_a_key_may_be_replaced_without_losing_what_it_signed(self):
        old, new, both = (URLSafeSerializer(keys) for keys in ["old", "new", ["old", "new"]])
        self.assertEqual(both.dumps([1]), new.dumps([1]))
        self.assertEqual([both.loads(old.dumps([1])), both.loads(new.dumps([1]))], [[1], [1]])
        self.assertRaises(BadSignature, old.loads, both.dumps([1]))

    def test_so_may_the_way_of_signing(self):
        for fallback in [{"digest_method": "sha1"}, (TimestampSigner, {"digest_method": "sha1"})]:
            with self.subTest(fallback):
                old = URLSafeTimedSerializer("secret key")
                new = URLSafeTimedSerializer(
                    "secret key", signer_kwargs={"digest_method": "sha256"}, fallback_signers=[fallback]
                )
                with at(0):
                    token, salted = old.dumps([1]), old.dumps([2], salt="other")
                    self.assertNotEqual(new.dumps([1]), token)
                    self.assertEqual((new.loads(token), new.loads(salted, salt="other")), ([1], [2]))
                    newer = new.dumps([1])
                    self.assertEqual(new.loads(newer, max_age=0), [1])
                    self.assertRaises(BadSignature, new.loads, salted)
                with at(9):
                    self.assertRaises(SignatureExpired, new.loads, token, max_age=5)
                    self.assertRaises(SignatureExpired, new.loads, newer, max_age=5)

        class Older(TimestampSigner):
            default_key_derivation = "concat"

        token = URLSafeTimedSerializer("secret key", signer=Older).dumps([1])
        self.assertRaises(BadSignature, URLSafeTimedSerializer("secret key").loads, token)
        self.assertEqual(URLSafeTimedSerializer("secret key", fallback_signers=[Older]).loads(token), [1])

    def test_what_cannot_be_trusted_can_be_looked_at(self):
        for serializer in [URLSafeSerializer("secret key"), URLSafeTimedSerializer("secret key")]:
            with at(0):
                token = serializer.dumps({"id": 5})
            for text, expected in [
                (token, (True, {"id": 5})),
                (token[:-1], (False, {"id": 5})),
                ("!." + token.partition(".")[2], (False, None)),
                ("nothing", (False, None)),
                ("ä", (False, None)),
            ]:
                with self.subTest(text, serializer=type(serializer).__name__):
                    self.assertEqual(serializer.loads_unsafe(text), expected)
        with at(9):
            self.assertEqual(serializer.loads_unsafe(token, max_age=5), (False, {"id": 5}))
        self.assertEqual(serializer.loads_unsafe(serializer.dumps([1], salt="b"), salt="b"), (True, [1]))

    def test_a_good_signature_over_what_cannot_be_read_is_a_bad_payload_even_when_unsafe(self):
        signed = Signer("secret key", salt="itsdangerous").sign("[1")
        for read in [Serializer("secret key").loads, Serializer("secret key").loads_unsafe]:
            with self.subTest(read.__name__), self.assertRaises(BadPayload):
                read(signed)
        self.assertEqual(Serializer("secret key").loads_unsafe("[1.AAAA"), (False, None))

    def test_it_writes_to_files_too(self):
        for make in SERIALIZERS:
            with self.subTest(make.__name__):
                serializer = make("secret key")
                file = io.StringIO()
                serializer.dump([1], file, salt="file")
                self.assertEqual(serializer.load(io.StringIO(file.getvalue()), salt="file"), [1])
                self.assertEqual(serializer.load_unsafe(io.StringIO(file.getvalue()), salt="file"), (True, [1]))
                self.assertEqual(serializer.load_unsafe(io.StringIO(file.getvalue())), (False, [1]))
                self.assertRaises(BadSignature, serializer.load, io.StringIO(file.getvalue()))

    def test_another_serializer_may_be_given_and_told_what_to_do(self):
        serializer = URLSafeSerializer("secret key", serializer=json, serializer_kwargs={"sort_keys": True})
        self.assertEqual(
            serializer.dump_payload({"b": 1, "a": 2}), base64.urlsafe_b64encode(b'{"a": 2, "b": 1}').rstrip(b"=")
        )
        self.assertEqual(serializer.loads(serializer.dumps({"b": 1})), {"b": 1})
        plain = URLSafeSerializer("secret key", serializer_kwargs={"ensure_ascii": True})
        self.assertEqual(plain.dump_payload("ä"), base64.urlsafe_b64encode(b'"\\u00e4"').rstrip(b"="))

    def test_what_json_cannot_say_fails_when_it_is_signed(self):
        for obj in [object(), b"bytes", "\ud800"]:
            with self.subTest(obj), self.assertRaises((TypeError, ValueError)):
                URLSafeSerializer("secret key").dumps(obj)


class PayloadTest(unittest.TestCase):
    """What a key that leaked could have signed: it may be refused, but does no harm."""

    serializer = URLSafeSerializer("secret key")

    def sign(self, payload):
        return Signer("secret key", salt="itsdangerous").sign(payload)

    def pack(self, data, level=9):
        return b"." + base64.urlsafe_b64encode(zlib.compress(data, level)).rstrip(b"=")

    def test_what_is_no_payload_is_a_bad_payload(self):
        for payload in [
            b"",
            b"!",
            b"a",
            b"WzFd=",
            b"WzFd\n",
            b"/+8",
            b".",
            b".WzFd",
            self.pack(b"[1]")[:-6],
            b"." + base64_encode(zlib.compress(b"[1]")[:-4]),  # all is there but the checksum
            b"wyg",  # no UTF-8
            base64.urlsafe_b64encode(b"{").rstrip(b"="),
            base64.urlsafe_b64encode(pickle.dumps([1])).rstrip(b"="),
            base64.urlsafe_b64encode(b"[" * 200_000).rstrip(b"="),
            base64.urlsafe_b64encode(b"9" * 300_000).rstrip(b"="),
        ]:
            with self.subTest(payload[:20]):
                with self.assertRaises(BadPayload) as caught:
                    self.serializer.loads(self.sign(payload))
                self.assertIsInstance(caught.exception.original_error, Exception)
                self.assertEqual(caught.exception.message, str(caught.exception))
                self.assertIsInstance(caught.exception, BadData)

    def test_a_bomb_does_not_go_off(self):
        for size in [1024 * 1024 + 1, 10_000_000, 50_000_000]:
            packer = zlib.compressobj(9)
            zeros = b"0" * 1_000_000
            packed = b"".join(packer.compress(zeros) for _ in range(size // len(zeros)))
            packed += packer.compress(zeros[: size % len(zeros)]) + packer.flush()
            bomb = self.sign(b"." + base64.urlsafe_b64encode(packed).rstrip(b"="))
            tracemalloc.start()
            try:
                with self.subTest(size), self.assertRaisesRegex(BadPayload, "larger than 1048576 bytes"):
                    self.serializer.loads(bomb)
                self.assertLess(tracemalloc.get_traced_memory()[1], 8_000_000)
            finally:
                tracemalloc.stop()

    def test_what_is_dumped_is_never_too_large_to_load(self):
        for size in [1024 * 1024 - 2, 1024 * 1024 - 1, 3_000_000]:
            with self.subTest(size):
                text = self.serializer.dumps("a" * size)
                self.assertEqual(text.startswith("."), size < 1024 * 1024 - 1)
                self.assertEqual(len(self.serializer.loads(text)), size)

    def test_only_what_gets_shorter_is_compressed(self):
        for size in [*range(40), 100]:
            obj = ("ab" * size)[:size]
            payload, plain = self.serializer.dump_payload(obj), f'"{obj}"'.encode()
            with self.subTest(obj):
                self.assertEqual(payload[:1] == b".", len(b"." + zlib.compress(plain)) < len(plain))
                self.assertEqual(self.serializer.load_payload(payload), obj)
        self.assertEqual(payload[:1], b".")

    def test_short_texts_are_compressed_to_the_same_bytes_as_long_ones(self):
        chance = random.Random(1)
        words = [b'{"', b'":', b"}", b"visits", b"aa", b"aaa", b"ab", b"q", b'","', b"user_id"]
        for size in range(45):
            for number in range(1, 11):
                with self.subTest(size=size, words=words[:number]):
                    data = b"".join(chance.choices(words[:number], k=45))[:size]
                    self.assertEqual(signing._pack(data), zlib.compress(data))


if __name__ == "__main__":
    unittest.main()
