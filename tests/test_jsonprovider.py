import io
import json
import threading
import unittest
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date, datetime, timezone
from decimal import Decimal
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

from nanoweb import App, jsonify, request
from nanoweb.jsonprovider import DefaultJSONProvider, JSONProvider
from nanoweb.markup import Markup
from nanoweb.wsgi import run_wsgi_app


@dataclass
class Point:
    x: int
    y: int


class Unhashable:
    __hash__ = None

    def __call__(self, obj):
        return f"<{type(obj).__name__}>"


class ProviderTest(unittest.TestCase):
    def setUp(self):
        self.app = App(__name__)
        self.json = self.app.json


class DumpsTest(ProviderTest):
    def test_it_writes_more_types_than_the_standard_library(self):
        for value, text in [
            (datetime(1994, 11, 6, 8, 49, 37, tzinfo=timezone.utc), '"Sun, 06 Nov 1994 08:49:37 GMT"'),
            (date(1994, 11, 6), '"Sun, 06 Nov 1994 00:00:00 GMT"'),
            (Decimal("1.10"), '"1.10"'),
            (uuid.UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
            (Point(1, 2), '{"x": 1, "y": 2}'),
            ([Point(1, 2)], '[{"x": 1, "y": 2}]'),
            (type("Html", (), {"__html__": lambda self: "<b>"})(), '"<b>"'),
            (Markup("<b>"), '"<b>"'),
            ((1, 2), "[1, 2]"),
        ]:
            with self.subTest(value):
                self.assertEqual(self.json.dumps(value), text)

    def test_what_it_cannot_write_is_an_error_that_names_it(self):
        for value in [object(), {1}, b"bytes", 1j, Point]:
            with self.subTest(value), self.assertRaisesRegex(TypeError, "JSON has no way to write; convert it first"):
                self.json.dumps([value])

    def test_text_is_ascii_and_keys_are_sorted_unless_told_otherwise(self):
        value = OrderedDict(b="ä", a=1)
        self.assertEqual(self.json.dumps(value), '{"a": 1, "b": "\\u00e4"}')
        self.json.sort_keys, self.json.ensure_ascii = False, False
        self.assertEqual(self.json.dumps(value), '{"b": "ä", "a": 1}')
        self.assertEqual(App(__name__).json.dumps(value), '{"a": 1, "b": "\\u00e4"}')

    def test_it_takes_every_argument_of_json_dumps(self):
        class Shouting(json.JSONEncoder):
            def __init__(self, *args, mark="!", **kwargs):
                super().__init__(*args, **kwargs)
                self.mark = mark

            def encode(self, o):
                return super().encode(o) + self.mark

        value = {"b": 1, "a": [Decimal(2), None]}
        for options in [
            {},
            {"indent": 2},
            {"indent": "\t"},
            {"separators": (",", ":")},
            {"separators": [",", ":"]},  # what no cache can hold
            {"separators": None, "indent": None},
            {"sort_keys": False},
            {"ensure_ascii": False},
            {"default": repr},
            {"default": Unhashable()},
            {"check_circular": False},
            {"skipkeys": True, "allow_nan": False},
            {"cls": json.JSONEncoder},
            {"cls": Shouting},
            {"cls": Shouting, "mark": "?"},
            {"cls": None},
        ]:
            with self.subTest(options):
                expected = json.dumps(value, **{"default": self.json.default, "sort_keys": True, **options})
                for _ in range(2):
                    self.assertEqual(self.json.dumps(value, **options), expected)
        for options in [{"nonsense": 1}, {"cls": json.JSONEncoder, "nonsense": 1}]:
            with self.subTest(options), self.assertRaisesRegex(TypeError, "nonsense"):
                self.json.dumps(value, **options)

    def test_the_same_options_are_not_taken_for_others_that_are_equal(self):
        self.assertEqual(self.json.dumps([1], indent=1), "[\n 1\n]")
        self.assertEqual(self.json.dumps([1], indent=None), "[1]")
        self.assertEqual(self.json.dumps({"b": 1, "a": 2}, sort_keys=0), '{"b": 1, "a": 2}')
        self.assertEqual(self.json.dumps({"b": 1, "a": 2}, sort_keys=1), '{"a": 2, "b": 1}')

    def test_an_error_while_it_writes_leaves_nothing_behind(self):
        for _ in range(2):
            self.assertRaises(TypeError, self.json.dumps, {"a": object()})
            self.assertRaises(TypeError, self.json.dumps, {"a": 1, 2: 3})
            circle = []
            circle.append(circle)
            self.assertRaises(ValueError, self.json.dumps, circle)
            self.assertEqual(self.json.dumps([[], []]), "[[], []]")

    def test_threads_may_write_at_the_same_time(self):
        shared, texts = {"a": [Decimal(1)] * 100}, []
        threads = [
            threading.Thread(target=lambda: texts.extend(self.json.dumps(shared) for _ in range(50)))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((len(texts), len(set(texts))), (200, 1))

    def test_it_writes_to_files_too(self):
        file = io.StringIO()
        self.json.dump({"a": Decimal(1)}, file, indent=0)
        self.assertEqual(self.json.load(io.StringIO(file.getvalue())), {"a": "1"})
        self.assertEqual(self.json.load(io.BytesIO(b"[1]")), [1])


class LoadsTest(ProviderTest):
    def test_text_or_bytes_become_an_object(self):
        for text in [
            '{"a": "ä"}',
            '{"a": "ä"}'.encode(),
            '{"a": "ä"}'.encode("utf-16"),
            bytearray(b'{"a": "\xc3\xa4"}'),
        ]:
            with self.subTest(text):
                self.assertEqual(self.json.loads(text), {"a": "ä"})
        self.assertEqual(self.json.loads("1.5", parse_float=Decimal), Decimal("1.5"))

    def test_what_is_no_json_is_a_value_error(self):
        for text in ["", "{", "[1] 2", b"\xff", "9" * 5000]:
            with self.subTest(text[:5]), self.assertRaises(ValueError):
                self.json.loads(text)


class ChangedTest(ProviderTest):
    """The ways in which programs change what is written: each is asked at each call."""

    def test_default_may_be_overridden_in_a_subclass(self):
        class Method(DefaultJSONProvider):
            def default(self, obj):
                return f"{type(self).__name__}: {obj}" if isinstance(obj, complex) else super().default(obj)

        class Static(DefaultJSONProvider):
            @staticmethod
            def default(obj):
                return "Static"

        for cls, value, text in [
            (Method, 1j, '"Method: 1j"'),
            (Method, Decimal(1), '"1"'),
            (Static, object(), '"Static"'),
        ]:
            with self.subTest(text):
                self.assertEqual(cls(self.app).dumps(value), text)
        self.assertRaises(TypeError, self.json.dumps, 1j)

    def test_default_may_be_set_on_one_provider(self):
        self.json.default = str
        self.assertEqual(self.json.dumps(1j), '"1j"')
        self.json.default = Unhashable()
        self.assertEqual(self.json.dumps(1j), '"<complex>"')
        self.assertRaises(TypeError, App(__name__).json.dumps, 1j)

    def test_attributes_may_be_set_on_the_class(self):
        class Plain(DefaultJSONProvider):
            sort_keys = False

        provider = Plain(self.app)
        self.assertEqual(provider.dumps({"b": 1, "a": "ä"}), '{"b": 1, "a": "\\u00e4"}')
        Plain.ensure_ascii = False
        self.assertEqual(provider.dumps({"b": 1, "a": "ä"}), '{"b": 1, "a": "ä"}')

    def test_responses_are_written_by_dumps_whoever_overrides_it(self):
        class Other(DefaultJSONProvider):
            def dumps(self, obj, **kwargs):
                return f"{obj} {kwargs}"

        self.app.json = Other(self.app)
        with self.app.app_context():
            self.assertEqual(jsonify(a=1).get_data(), b"{'a': 1} {'separators': (',', ':')}\n")

    def test_a_provider_of_ones_own_needs_two_methods(self):
        class Reversed(JSONProvider):
            def dumps(self, obj, **kwargs):
                return json.dumps(obj)[::-1]

            def loads(self, s, **kwargs):
                return json.loads(s[::-1])

        provider = Reversed(self.app)
        file = io.StringIO()
        provider.dump({"a": 1}, file)
        self.assertEqual((file.getvalue(), provider.loads(file.getvalue())), ('}1 :"a"{', {"a": 1}))
        response = provider.response([12])
        self.assertEqual((response.get_data(), response.mimetype), (b"]21[", "application/json"))
        with self.assertRaisesRegex(NotImplementedError, "JSONProvider has no dumps"):
            JSONProvider(self.app).dumps(1)
        with self.assertRaisesRegex(NotImplementedError, "JSONProvider has no loads"):
            JSONProvider(self.app).loads("1")


class ResponseTest(ProviderTest):
    def body(self, *args, **kwargs):
        with self.app.app_context():
            return jsonify(*args, **kwargs).get_data(as_text=True)

    def test_one_value_several_or_keywords(self):
        for args, kwargs, text in [
            ((), {}, "null\n"),
            ((None,), {}, "null\n"),
            (([],), {}, "[]\n"),
            ((1, 2), {}, "[1,2]\n"),
            ((), {"b": 1, "a": [2]}, '{"a":[2],"b":1}\n'),
            (({"a": 1},), {}, '{"a":1}\n'),
        ]:
            with self.subTest(text):
                self.assertEqual(self.body(*args, **kwargs), text)
        with self.assertRaisesRegex(TypeError, "not both"):
            self.body(1, a=2)

    def test_it_is_indented_for_a_developer(self):
        short, long = '{"a":[1]}\n', '{\n  "a": [\n    1\n  ]\n}\n'
        for debug, compact, text in [
            (False, None, short),
            (True, None, long),
            (False, True, short),
            (True, True, short),
            (False, False, long),
            (True, False, long),
        ]:
            with self.subTest(debug=debug, compact=compact):
                self.app.debug, self.json.compact = debug, compact
                self.assertEqual(self.body(a=[1]), text)

    def test_the_media_type_can_be_another(self):
        self.json.mimetype = "application/vnd.api+json"
        with self.app.app_context():
            self.assertEqual(jsonify().headers["Content-Type"], "application/vnd.api+json")

    def test_the_class_of_responses_is_the_applications(self):
        class Special(self.app.response_class):
            pass

        self.app.response_class = Special
        with self.app.app_context():
            self.assertIs(type(jsonify()), Special)

    def test_a_request_goes_in_as_json_and_comes_out_as_json(self):
        @self.app.post("/")
        def echo():
            return {"got": request.json, "when": date(1994, 11, 6)}

        data = '{"name": "Grüße", "n": [1, 2.5, null]}'.encode()
        environ = {
            "REQUEST_METHOD": "POST",
            "QUERY_STRING": "",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(data)),
            "wsgi.input": io.BytesIO(data),
        }
        setup_testing_defaults(environ)
        body, status, headers = run_wsgi_app(validator(self.app), environ, buffered=True)
        self.assertEqual((status, headers["Content-Type"]), ("200 OK", "application/json"))
        text = b'{"got":{"n":[1,2.5,null],"name":"Gr\\u00fc\\u00dfe"},"when":"Sun, 06 Nov 1994 00:00:00 GMT"}\n'
        self.assertEqual(b"".join(body), text)


if __name__ == "__main__":
    unittest.main()
