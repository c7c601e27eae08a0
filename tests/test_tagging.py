import decimal
import unittest
import uuid
from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import IntEnum

from nanoweb import App, session
from nanoweb.markup import Markup
from nanoweb.sessions import SecureCookieSessionInterface
from nanoweb.tagging import JSONTag, TaggedJSONSerializer

UUID = uuid.UUID("12345678-1234-5678-1234-567812345678")
NOVEMBER = datetime(1994, 11, 6, 8, 49, 37, tzinfo=timezone.utc)
FIRST = datetime(1, 1, 1, tzinfo=timezone.utc)
LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)

# A value, and the text that Flask writes for it.
SAMPLES = [
    (None, "null"),
    (True, "true"),
    (-5, "-5"),
    (0.5, "0.5"),
    ("ä</script>", '"\\u00e4</script>"'),
    ([], "[]"),
    ([1, [2]], "[1,[2]]"),
    ((), '{" t":[]}'),
    ((1, (2, [3])), '{" t":[1,{" t":[2,[3]]}]}'),
    (b"", '{" b":""}'),
    (b"\0\xff", '{" b":"AP8="}'),
    (Markup("<b>"), '{" m":"<b>"}'),
    (UUID, '{" u":"12345678123456781234567812345678"}'),
    (NOVEMBER, '{" d":"Sun, 06 Nov 1994 08:49:37 GMT"}'),
    ({}, "{}"),
    ({"b": 1, "a": (2,)}, '{"a":{" t":[2]},"b":1}'),
    ({"_flashes": [("message", "Hello")]}, '{"_flashes":[{" t":["message","Hello"]}]}'),
]

# Dicts that could be taken for tagged values, and what is written instead.
LIKENESSES = [
    ({" t": [1]}, '{" di":{" t__":[1]}}'),
    ({" b": (1,)}, '{" di":{" b__":{" t":[1]}}}'),
    ({" di": {" di": 1}}, '{" di":{" di__":{" di":{" di__":1}}}}'),
    ({" di": {" t__": [1]}}, '{" di":{" di__":{" t__":[1]}}}'),
    ({" t__": [1]}, '{" t__":[1]}'),
    ({" t____": [1]}, '{" t____":[1]}'),
    ({" x": 1}, '{" x":1}'),
    ({" t": [1], " b": ""}, '{" b":""," t":[1]}'),
    ({"": {" d": ""}}, '{"":{" di":{" d__":""}}}'),
]


class TaggedJSONTest(unittest.TestCase):
    serializer = TaggedJSONSerializer()

    def test_a_value_is_written_as_flask_does_and_comes_back_as_it_was(self):
        for value, text in SAMPLES + LIKENESSES:
            with self.subTest(value):
                self.assertEqual(self.serializer.dumps(value), text)
                loaded = self.serializer.loads(text)
                self.assertEqual((loaded, type(loaded)), (value, type(value)))

    def test_values_within_values_come_back_too(self):
        for value, _ in SAMPLES + LIKENESSES:
            for nested in [[value], (value,), {"a": value}, {" t": value}, {" di": (value, {" di__": [value]})}]:
                with self.subTest(nested):
                    self.assertEqual(self.serializer.loads(self.serializer.dumps(nested)), nested)

    def test_dates_come_back_to_the_second_and_in_utc(self):
        for moment, expected in [
            (NOVEMBER.replace(tzinfo=None), NOVEMBER),
            (NOVEMBER.replace(microsecond=999_999), NOVEMBER),
            (NOVEMBER.astimezone(timezone(timedelta(hours=5, minutes=30))), NOVEMBER),
            *[(edge, edge) for edge in [FIRST, LAST]],
        ]:
            with self.subTest(moment):
                self.assertEqual(self.serializer.loads(self.serializer.dumps(moment)), expected)

    def test_other_types_come_back_as_what_they_are_like(self):
        @dataclass
        class Point:
            x: int
            y: tuple

        class Color(IntEnum):
            RED = 1

        class Snippet:
            def __html__(self):
                return "<i>"

        for value, expected in [
            (OrderedDict(a=1), {"a": 1}),
            (namedtuple("Pair", "x y")(1, 2), (1, 2)),
            (Color.RED, 1),
            (Snippet(), Markup("<i>")),
            (decimal.Decimal("1.10"), "1.10"),
            (date(1994, 11, 6), "Sun, 06 Nov 1994 00:00:00 GMT"),
            (Point(1, (2,)), {"x": 1, "y": [2]}),
            ({1: "a", 2: "b"}, {"1": "a", "2": "b"}),
        ]:
            with self.subTest(value):
                loaded = self.serializer.loads(self.serializer.dumps([value]))
                self.assertEqual((loaded, type(loaded[0])), ([expected], type(expected)))

    def test_what_has_no_way_to_be_written_is_an_error_that_names_it(self):
        for value in [object(), {1}, 1j, bytearray(b"a"), self.serializer]:
            with self.subTest(value), self.assertRaisesRegex(TypeError, "JSON has no way to write"):
                self.serializer.dumps({"a": [value]})

    def test_a_text_that_dumps_did_not_make_is_an_error(self):
        for text in ["", "{", '{" di":5}', '{" di":[]}', '{" t":5}', '{" b":"a"}', '{" u":"x"}', '{" u":5}']:
            with self.subTest(text), self.assertRaises((ValueError, TypeError, AttributeError)):
                self.serializer.loads(text)


class TagSet(JSONTag):
    key = " s"

    def check(self, value):
        return isinstance(value, set)

    def to_json(self, value):
        return [self.serializer.tag(one) for one in sorted(value)]

    def to_python(self, value):
        return set(value)


class TagOrdered(JSONTag):
    key = " od"

    def check(self, value):
        return isinstance(value, OrderedDict)

    def to_json(self, value):
        return [[key, self.serializer.tag(one)] for key, one in value.items()]

    def to_python(self, value):
        return OrderedDict(value)


class Shout(JSONTag):
    """Without a key: the value is written so, and stays so."""

    def check(self, value):
        return isinstance(value, str)

    def to_json(self, value):
        return value.upper()


class RegisterTest(unittest.TestCase):
    """Tags of one's own."""

    def setUp(self):
        self.serializer = TaggedJSONSerializer()

    def test_a_type_of_ones_own_comes_back(self):
        self.serializer.register(TagSet)
        text = self.serializer.dumps({"a": {(1,), (2,)}, "b": {" s": [1]}})
        self.assertEqual(text, '{"a":{" s":[{" t":[1]},{" t":[2]}]},"b":{" di":{" s__":[1]}}}')
        self.assertEqual(self.serializer.loads(text), {"a": {(1,), (2,)}, "b": {" s": [1]}})

    def test_the_place_decides_who_is_asked_first(self):
        value = OrderedDict(b=(1,), a=2)
        for index, cls in [(None, dict), (0, OrderedDict)]:
            self.serializer.register(TagOrdered, force=True, index=index)
            self.assertIs(type(self.serializer.loads(self.serializer.dumps(value))), cls)

    def test_text_and_numbers_can_have_a_tag_too(self):
        self.serializer.register(Shout, index=0)
        self.assertEqual(self.serializer.dumps(["a", ("b", 1)]), '["A",{" t":["B",1]}]')

    def test_a_key_is_for_one_tag(self):
        self.serializer.register(TagSet)
        with self.assertRaisesRegex(KeyError, "tag ' s' is registered already"):
            self.serializer.register(TagSet)

    def test_a_tag_that_is_not_finished_says_what_is_missing(self):
        tag = JSONTag(self.serializer)
        for method in [tag.check, tag.to_json, tag.to_python]:
            with self.assertRaisesRegex(NotImplementedError, f"JSONTag has no {method.__name__}"):
                method(1)

    def test_a_session_may_hold_such_types(self):
        app = App("example", static_folder=None)
        app.secret_key = "key"
        app.session_interface = SecureCookieSessionInterface()
        app.session_interface.serializer.register(TagSet)
        app.add_url_rule("/set", "set", lambda: session.update(tags={1, 2}) or "set")
        app.add_url_rule("/get", "get", lambda: repr(session["tags"]))
        client = app.test_client()
        client.get("/set")
        self.assertEqual(client.get("/get").text, "{1, 2}")

    def test_in_an_application_its_provider_writes_and_reads(self):
        app = App("example", static_folder=None)
        app.json.sort_keys = False
        app.json.default = lambda obj: "own"
        app.json.loads = lambda text: {"read": {" t": [1]}}
        with app.app_context():
            self.assertEqual(self.serializer.dumps({"b": 1, "a": {2}}), '{"b":1,"a":"own"}')
            self.assertEqual(self.serializer.loads(""), {"read": (1,)})


if __name__ == "__main__":
    unittest.main()
