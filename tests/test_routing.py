"""Routing: which rule a request means, which URL an endpoint has, and what is sent back otherwise."""

import doctest
import sys
import threading
import unittest
import uuid
import warnings
from pathlib import Path

from nanoweb.datastructures import MultiDict
from nanoweb.exceptions import BadHost, MethodNotAllowed, NotFound, SecurityError
from nanoweb.routing import (
    BaseConverter,
    BuildError,
    EndpointPrefix,
    IntegerConverter,
    Map,
    NoMatch,
    RequestRedirect,
    Rule,
    RuleFactory,
    RuleTemplate,
    Subdomain,
    Submount,
    ValidationError,
    WebsocketMismatch,
    parse_converter_args,
)
from nanoweb.ruletree import LONGEST_AMBIGUOUS, Segment


def urls(*rules, bind=None, **options):
    """An adapter at example.com; a rule that is a text is its own endpoint."""
    rules = [Rule(rule, endpoint=rule) if isinstance(rule, str) else rule for rule in rules]
    return Map(rules, **options).bind("example.com", **(bind or {}))


def outcome(adapter, path, method="GET", **options):
    """What comes of a match, as a short plain value."""
    try:
        endpoint, values = adapter.match(path, method, **options)
    except RequestRedirect as redirect:
        return redirect.new_url
    except MethodNotAllowed as error:
        return error.valid_methods
    except NotFound:
        return 404
    except WebsocketMismatch:
        return 400
    return (endpoint, values) if values else endpoint


def environ(path="/", **more):
    """The environ of a plain request to example.com."""
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "wsgi.url_scheme": "http",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "5000",
        "HTTP_HOST": "example.com",
        **more,
    }


class OutcomeTest(unittest.TestCase):
    """assertOutcomes() runs a table of cases."""

    def assert_outcomes(self, adapter, table):
        for request, expected in table.items():
            method, path = (
                request.split(" ", 1) if not request.startswith("/") and " " in request else ("GET", request)
            )
            with self.subTest(request):
                self.assertEqual(outcome(adapter, path, method), expected)


class PriorityTest(OutcomeTest):
    """The table in the module's docstring and in docs/routing.md, then its corners."""

    def test_of_two_rules_that_fit_the_one_in_the_table_wins(self):
        table = [
            ("/u/me", "/u/me", "/u/<name>"),
            ("/f/a.txt", "/f/<name>.txt", "/f/<name>"),
            ("/f/abc.txt", "/f/<name>.txt", "/f/<name>t"),
            ("/f/x-y-", "/f/<a>-<b>", "/f/<a>-"),
            ("/u/7", "/u/<int:id>", "/u/<name>"),
            ("/u/1.5", "/u/<float:id>", "/u/<name>"),
            ("/d/a", "/d/<name>", "/d/<path:rest>"),
        ]
        for path, winner, loser in table:
            for rules in ([winner, loser], [loser, winner]):
                with self.subTest(path, rules=rules):
                    endpoint, _ = urls(*rules).match(path)
                    self.assertEqual(endpoint, winner)

    def test_a_rule_that_does_not_take_the_request_is_passed_over(self):
        me, name = Rule("/u/me", endpoint="me", methods=["GET"]), Rule("/u/<name>", endpoint="name", methods=["POST"])
        self.assert_outcomes(urls(me, name), {"GET /u/me": "me", "POST /u/me": ("name", {"name": "me"})})
        adapter = urls("/u/<name>", "/u/<int(max=5):n>")
        self.assert_outcomes(adapter, {"/u/5": ("/u/<int(max=5):n>", {"n": 5}), "/u/9": ("/u/<name>", {"name": "9"})})

    def test_of_two_equal_rules_the_first_wins(self):
        self.assertEqual(urls("/<x>", "/<y>").match("/a"), ("/<x>", {"x": "a"}))
        self.assertEqual(urls("/u/<x>", "/u/<y>").match("/u/ab"), ("/u/<x>", {"x": "ab"}))
        self.assertEqual(urls("/<any(a, b):y>", "/<x>").match("/a"), ("/<any(a, b):y>", {"y": "a"}))
        self.assertEqual(urls("/<x>", "/<any(a, b):y>").match("/a"), ("/<x>", {"x": "a"}))
        adapter = urls(Rule("/a", endpoint=1), Rule("/a", endpoint=2))
        self.assertEqual(adapter.match("/a"), (1, {}))

    def test_a_converter_of_less_weight_wins(self):
        class Light(BaseConverter):
            weight = 10

        adapter = urls("/<x>", "/<int:x>", "/<light:x>", converters={"light": Light})
        self.assertEqual(adapter.match("/7"), ("/<light:x>", {"x": "7"}))

    def test_a_walk_that_comes_to_no_end_goes_back(self):
        adapter = urls("/a/<x>/c", "/<x>/b/d", "/<int:x>/1", "/<x>/<path:y>")
        self.assert_outcomes(
            adapter,
            {
                "/a/b/c": ("/a/<x>/c", {"x": "b"}),
                "/a/b/d": ("/<x>/b/d", {"x": "a"}),
                "/7/1": ("/<int:x>/1", {"x": 7}),
                "/7/2": ("/<x>/<path:y>", {"x": "7", "y": "2"}),
                "/a/b/c/d": ("/<x>/<path:y>", {"x": "a", "y": "b/c/d"}),
                "/a": 404,
            },
        )

    def test_a_value_that_a_converter_refuses_goes_to_the_next_rule(self):
        class Even(BaseConverter):
            def to_python(self, value):
                if len(value) % 2:
                    raise ValidationError("odd")
                return value

        adapter = urls("/n/<int(max=5):x>", "/n/<even:x>", "/n/<x>", converters={"even": Even})
        self.assert_outcomes(
            adapter,
            {
                "/n/5": ("/n/<int(max=5):x>", {"x": 5}),
                "/n/66": ("/n/<even:x>", {"x": "66"}),
                "/n/777": ("/n/<x>", {"x": "777"}),
            },
        )

    def test_a_converter_that_raises_something_else_is_not_kept_quiet(self):
        class Broken(BaseConverter):
            def to_python(self, value):
                raise ValueError("a bug")

        with self.assertRaisesRegex(ValueError, "a bug"):
            urls("/<broken:x>", "/<x>", converters={"broken": Broken}).match("/a")


class MethodTest(OutcomeTest):
    def test_a_static_rule_for_another_method_does_not_hide_a_dynamic_one(self):
        adapter = urls(
            Rule("/u/me", endpoint="me", methods=["GET"]),
            Rule("/u/<name>", endpoint="rename", methods=["POST"]),
            Rule("/u/<path:name>", endpoint="drop", methods=["DELETE"]),
        )
        self.assert_outcomes(
            adapter,
            {
                "GET /u/me": "me",
                "HEAD /u/me": "me",
                "POST /u/me": ("rename", {"name": "me"}),
                "DELETE /u/me": ("drop", {"name": "me"}),
                "PUT /u/me": ["DELETE", "GET", "HEAD", "POST"],
                "GET /u/you": ["DELETE", "POST"],
                "PUT /nothing": 404,
            },
        )

    def test_rules_of_one_path_share_the_methods_among_them(self):
        adapter = urls(
            Rule("/a", endpoint="read", methods=["GET"]),
            Rule("/a", endpoint="write", methods=["post", "put"]),
            Rule("/b", endpoint="read", methods=["GET"]),
            Rule("/b", endpoint="all"),
            Rule("/b", endpoint="never", methods=["POST"]),
        )
        self.assert_outcomes(
            adapter,
            {
                "GET /a": "read",
                "post /a": "write",
                "PUT /a": "write",
                "DELETE /a": ["GET", "HEAD", "POST", "PUT"],
                "GET /b": "read",
                "POST /b": "all",
            },
        )

    def test_a_url_that_no_converter_takes_is_missing_for_every_method(self):
        adapter = urls(Rule("/<int(max=5):x>", endpoint="x", methods=["POST"]))
        self.assert_outcomes(adapter, {"GET /5": ["POST"], "GET /6": 404, "POST /6": 404})

    def test_allowed_methods_and_test_ask_without_raising(self):
        adapter = urls(Rule("/a", endpoint="a", methods=["GET", "PUT"]), Rule("/b/", endpoint="b"))
        self.assertEqual(adapter.allowed_methods("/a"), ["GET", "HEAD", "PUT"])
        self.assertEqual(adapter.allowed_methods("/b/"), [])
        self.assertEqual(adapter.allowed_methods("/c"), [])
        self.assertEqual([adapter.test(path) for path in ["/a", "/b", "/c"]], [True, True, False])
        self.assertEqual([adapter.test("/a", method) for method in ["GET", "POST"]], [True, False])

    def test_methods_given_as_one_text_are_refused(self):
        with self.assertRaisesRegex(TypeError, r"rule '/a': methods is the text 'GET'; write a list, \['GET'\]"):
            Rule("/a", methods="GET")


class SlashTest(OutcomeTest):
    """A slash too few, a slash too many, and two where one should be."""

    def test_a_missing_slash_is_added_by_a_redirect_that_keeps_the_query(self):
        adapter = urls("/a/", "/b", "/<int:x>/", "/p/<path:x>/", bind={"query_args": "q=1&r=%20"})
        self.assert_outcomes(
            adapter,
            {
                "/a/": "/a/",
                "/a": "http://example.com/a/?q=1&r=%20",
                "POST /a": "http://example.com/a/?q=1&r=%20",
                "/b": "/b",
                "/b/": 404,
                "/7": "http://example.com/7/?q=1&r=%20",
                "/p/x/y": "http://example.com/p/x/y/?q=1&r=%20",
                "/p/x/y/": ("/p/<path:x>/", {"x": "x/y"}),
            },
        )
        self.assertEqual(RequestRedirect.code, 308)
        self.assertEqual(
            outcome(adapter, "/a", query_args={"k": ["1", "ü"], "n": None}), "http://example.com/a/?k=1&k=%C3%BC"
        )

    def test_the_empty_path_is_the_root_without_its_slash(self):
        adapter = urls("/", bind={"script_name": "/app"})
        self.assert_outcomes(adapter, {"": "http://example.com/app/", "/": "/"})

    def test_without_strict_slashes_both_are_the_rule(self):
        for adapter in (
            urls("/a/", "/b", "/c/<x>", strict_slashes=False),
            urls(*[Rule(rule, endpoint=rule, strict_slashes=False) for rule in ("/a/", "/b", "/c/<x>")]),
        ):
            table = {"/a": "/a/", "/a/": "/a/", "/b": "/b", "/b/": "/b", "/c/x/": ("/c/<x>", {"x": "x"}), "/c/": 404}
            self.assert_outcomes(adapter, table)

    def test_a_rule_for_another_method_makes_no_redirect(self):
        adapter = urls(Rule("/a/", endpoint="a", methods=["POST"]), Rule("/a", endpoint="b", methods=["GET"]))
        self.assert_outcomes(adapter, {"GET /a": "b", "POST /a": "http://example.com/a/", "GET /a/": ["POST"]})

    def test_two_slashes_are_merged_by_a_redirect(self):
        adapter = urls("/a/b", "/c/<x>/", "/p/<path:x>")
        self.assert_outcomes(
            adapter,
            {
                "/a//b": "http://example.com/a/b",
                "/a///b": "http://example.com/a/b",
                "//a/b": "/a/b",  # what comes before the first segment is no segment
                "/c//x": "http://example.com/c/x/",
                "/a//z": 404,
            },
        )

    def test_the_slashes_in_a_proxied_url_are_kept(self):
        adapter = urls("/proxy/<path:url>", Rule("/raw/<path:url>", endpoint="raw", merge_slashes=False))
        self.assert_outcomes(
            adapter,
            {
                "/proxy/https://host/x": ("/proxy/<path:url>", {"url": "https://host/x"}),
                "/proxy//https://host/x": "http://example.com/proxy/https:/host/x",
                "/raw/https://host//x": ("raw", {"url": "https://host//x"}),
                "/raw//x": 404,
                "/raw//https://host/x": 404,
            },
        )

    def test_a_rule_that_does_not_merge_is_not_found_by_merging(self):
        rules = [Rule("/a//b", endpoint="ab", merge_slashes=False), Rule("/c/d/", endpoint="cd", merge_slashes=False)]
        self.assert_outcomes(urls(*rules), {"/a//b": "ab", "/a/b": 404, "/c//d/": 404, "/c//d": 404})
        self.assertEqual(outcome(urls("/a/b", merge_slashes=False), "/a//b"), 404)

    def test_the_query_of_a_redirect_may_be_given_in_pairs(self):
        adapter = urls("/a/")
        for query in ([("a", 1), ("b", [2, 3]), ("a", "é")], {"a": 1, "b": [2, 3]}, iter([("a", 1)])):
            with self.subTest(type(query)):
                self.assertRegex(outcome(adapter, "/a", query_args=query), r"\Ahttp://example.com/a/\?a=1")
        self.assertEqual(
            outcome(adapter, "/a", query_args=[("a", 1), ("a", 2), ("b", None)]), "http://example.com/a/?a=1&a=2"
        )

    def test_a_redirect_quotes_the_path_once(self):
        adapter = urls("/<x>/")
        for path, location in [
            ("/ä b", "http://example.com/%C3%A4%20b/"),
            ("/100%", "http://example.com/100%25/"),
            ("/a?b#c", "http://example.com/a%3Fb%23c/"),
            ("/a\r\nb", "http://example.com/a%0D%0Ab/"),
            ("/it's;v=1,2", "http://example.com/it's;v=1,2/"),
        ]:
            with self.subTest(path):
                self.assertEqual(outcome(adapter, path), location)


class ConverterTest(OutcomeTest):
    def test_each_converter_takes_what_it_should_and_nothing_else(self):
        some_id = "12345678-1234-5678-1234-567812345678"
        table = [
            ("<x>", {"a": "a", "é b": "é b", "a\nb": "a\nb", "": None, "a/b": None}),
            ("<string(length=2):x>", {"ab": "ab", "a": None, "abc": None}),
            ("<string(minlength=2, maxlength=3):x>", {"a": None, "ab": "ab", "abc": "abc", "abcd": None}),
            ("<any(a, ab, 'c,d', 1):x>", {"a": "a", "ab": "ab", "c,d": "c,d", "1": "1", "b": None, "aa": None}),
            ("<path:x>", {"a": "a", "a/b/c": "a/b/c", "a//b": "a//b", "": None}),
            ("<int:x>", {"7": 7, "007": 7, "-7": None, "7.0": None, "": None, "a": None}),
            ("<int(signed=True):x>", {"7": 7, "-7": -7, "--7": None, "+7": None}),
            ("<int(fixed_digits=3):x>", {"007": 7, "7": None, "0007": None}),
            ("<int(min=-2, max=5, signed=True):x>", {"-2": -2, "5": 5, "-3": None, "6": None}),
            ("<float:x>", {"1.5": 1.5, "1": None, "1.": None, ".5": None, "-1.5": None, "1e5": None}),
            ("<float(signed=True, min=-1.5):x>", {"-1.5": -1.5, "-1.6": None}),
            ("<uuid:x>", {some_id: uuid.UUID(some_id), some_id[:-1]: None, some_id.replace("-", ""): None}),
        ]
        for variable, cases in table:
            adapter = urls(f"/p/{variable}")
            for text, value in cases.items():
                with self.subTest(variable, text=text):
                    expected = 404 if value is None else (f"/p/{variable}", {"x": value})
                    self.assertEqual(outcome(adapter, f"/p/{text}"), expected)

    def test_digits_of_other_scripts_newlines_and_endless_numbers_are_no_numbers(self):
        adapter = urls(
            "/i/<int:x>", "/f/<float:x>", "/s/<int(signed=True):x>", "/m/<int(max=9):x>", "/y/<int:x>-<int:y>"
        )
        for path in [
            "/i/٣", "/i/７", "/i/²", "/f/٣.٣", "/s/-٣", "/i/1_0", "/i/ 1", "/i/1 ",
            "/i/1\n", "/f/1.5\n", "/s/-1\n", "/y/1-1\n", "/i/1\r",
            "/i/" + "9" * 5000, "/f/" + "9" * 400 + ".0", "/s/-" + "9" * 5000, "/m/" + "9" * 5000,
        ]:  # fmt: skip
            with self.subTest(path[:20]):
                self.assertEqual(outcome(adapter, path), 404)
        self.assertEqual(adapter.match("/i/" + "9" * 640)[1], {"x": int("9" * 640)})

    def test_a_static_rule_does_not_take_a_newline_either(self):
        self.assert_outcomes(urls("/a", "/b/"), {"/a\n": 404, "/b/\n": 404, "/b\n/": 404})

    def test_several_converters_share_a_segment(self):
        adapter = urls("/<a>-<int:b>.json", "/<a><int:b>", "/v<int:a>.<int:b>", "/x/<path:a>-<b>/y/<c>")
        self.assert_outcomes(
            adapter,
            {
                "/x-7.json": ("/<a>-<int:b>.json", {"a": "x", "b": 7}),
                "/x-y-7.json": ("/<a>-<int:b>.json", {"a": "x-y", "b": 7}),
                "/x12": ("/<a><int:b>", {"a": "x1", "b": 2}),
                "/v1.22": ("/v<int:a>.<int:b>", {"a": 1, "b": 22}),
                "/x/p/q-r/y/z": ("/x/<path:a>-<b>/y/<c>", {"a": "p/q", "b": "r", "c": "z"}),
                "/-.json": 404,
            },
        )

    def test_the_first_variable_takes_as_much_as_it_can_and_a_path_as_little(self):
        adapter = urls("/s/<a>-<b>-<c>", "/t/<a>--<b>", "/u/<a><b><c>", "/p/<path:a>/x/<path:b>/x/<path:c>")
        self.assert_outcomes(
            adapter,
            {
                "/s/1-2-3-4": ("/s/<a>-<b>-<c>", {"a": "1-2", "b": "3", "c": "4"}),
                "/s/-----": ("/s/<a>-<b>-<c>", {"a": "-", "b": "-", "c": "-"}),
                "/t/1---2---": ("/t/<a>--<b>", {"a": "1---2", "b": "-"}),
                "/u/abcde": ("/u/<a><b><c>", {"a": "abc", "b": "d", "c": "e"}),
                "/p/x/x/x/x/x/x": ("/p/<path:a>/x/<path:b>/x/<path:c>", {"a": "x", "b": "x", "c": "x/x"}),
                "/p/1/x//2/x/3/x/4": ("/p/<path:a>/x/<path:b>/x/<path:c>", {"a": "1/x//2", "b": "3", "c": "4"}),
            },
        )

    def test_no_text_makes_a_pattern_try_all_the_ways_to_cut_it(self):
        """None of these would come to an end today if it did."""
        for rule, text in [
            ("/<path:a>/x/<path:b>/x/<path:c>/x/<path:d>/end<int:e>", "/x" * 2000),
            ("/<path:a>/<int:b>/<path:c>/<d>/<path:e>/end<int:f>", "/1" * 2000),
            ("/<a>-<b>-<c>-<d>-<int:e>", "/" + "-" * 4000),
            ("/<a><b><c><d><e><int:f>", "/" + "a" * 4000),
            ("/<a>-<int:b>-<c>-<int:d>-<e>.json", "/" + "1-" * 2000),
        ]:
            with self.subTest(rule):
                self.assertEqual(outcome(urls(rule), text), 404)

    def test_where_variables_could_share_a_text_in_many_ways_it_has_a_bound(self):
        for rule, start, filler, end, longest in [
            ("/<string(minlength=2):a>-<b>", "xx-", "y", "", 500),
            ("/<path:a>.<b>", "", "x", ".y", 500),
            ("/<path:a>/<any(x,y):k>/<path:b>/<int:i>", "a/x/", "b", "/1", 500),
            ("/<a>-<int:b>-<c>.<d>", "a-1-", "c", ".d", 500),
            ("/<a>.<float:f>.<c>-<d>", "a.1.5.", "c", "-d", 500),
            ("/<int:a><int:b><int:c>x", "", "1", "x", 250),
            ("/" + "".join([f"<int:{name}>" for name in "abcdefghij"]), "", "1", "", 16),
            (
                "/<string(minlength=2):a>-<string(minlength=2):b>-<string(minlength=2):c>.<d>",
                "aa-bb-",
                "c",
                ".d",
                125,
            ),
        ]:
            adapter = urls(rule)
            fill = longest - len(start) - len(end)
            with self.subTest(rule):
                self.assertEqual(outcome(adapter, "/" + start + filler * fill + end)[0], rule)
                self.assertEqual(outcome(adapter, "/" + start + filler * (fill + 1) + end), 404)

    def test_where_only_one_variable_could_end_in_several_places_there_is_no_bound(self):
        for rule, start, end in [
            ("/<name>.txt", "", ".txt"),
            ("/<a>-<b>-<c>.txt", "", "-b-c.txt"),
            ("/<slug>-<int:id>", "", "-7"),
            ("/<int:id>-<slug>", "7-", ""),
            ("/<float:x>,<float(signed=True):y>-<slug>.html", "1.5,-2.5-", ".html"),
            ("/<string(length=2):language>-<slug>", "en-", ""),
            ("/<any(new, old):kind>-<slug>", "new-", ""),
            ("/<uuid:id>-<slug>", str(uuid.UUID(int=1)) + "-", ""),
            ("/<path:folder>/<name>", "", "/name"),
            ("/<path:a>/x/<int:n>/<b>/<path:c>", "a/x/7/b/", ""),
        ]:
            with self.subTest(rule):
                self.assertEqual(outcome(urls(rule), "/" + start + "x" * 5000 + end)[0], rule)

    def test_a_text_over_the_bound_is_not_shown_to_the_pattern(self):
        class Pattern:
            def fullmatch(self, text):
                raise AssertionError(f"asked for {len(text)} characters")

        segment = Segment([("a", IntegerConverter(None)), ("b", IntegerConverter(None))])
        segment.pattern = Pattern()
        self.assertIsNone(segment.read("1" * (LONGEST_AMBIGUOUS + 1)))
        with self.assertRaisesRegex(AssertionError, "asked for 500 characters"):
            segment.read("1" * LONGEST_AMBIGUOUS)

    def test_a_converter_of_ones_own(self):
        class Pair(BaseConverter):
            regex = r"[a-z]+/[a-z]+"

            def to_python(self, value):
                return tuple(value.split("/"))

            def to_url(self, value):
                return "/".join(value)

        class Word(BaseConverter):
            regex = "(?:a|b)(c)?"

            def __init__(self, map, suffix, *, loud=False):
                super().__init__(map)
                self.suffix = suffix
                self.loud = loud

            def to_python(self, value):
                return (value.upper() if self.loud else value) + self.suffix

        self.assertFalse(Pair.part_isolating)
        self.assertTrue(Word.part_isolating)
        adapter = urls(
            "/<pair:p>/end", "/w/<word('!', loud=True):x>.<word('?'):y>", converters={"pair": Pair, "word": Word}
        )
        self.assertEqual(adapter.match("/x/y/end"), ("/<pair:p>/end", {"p": ("x", "y")}))
        self.assertEqual(adapter.match("/w/ac.b")[1], {"x": "AC!", "y": "b?"})
        self.assertEqual(adapter.build("/<pair:p>/end", {"p": ("x", "y")}), "/x/y/end")

    def test_the_arguments_of_a_converter(self):
        table = {
            "": ((), {}),
            "1, -2, 0x10, 1.5, -1e-3": ((1, -2, 16, 1.5, -0.001), {}),
            "True, False, None": ((True, False, None), {}),
            "about, class, x.y, 1.2.3": (("about", "class", "x.y", "1.2.3"), {}),
            "'a,b', \"c'd\", r'e'": (("a,b", "c'd", "e"), {}),
            r"'\d+\b'": ((r"\d+\b",), {}),
            "a, length = 2,name='x'": (("a",), {"length": 2, "name": "x"}),
        }
        for text, expected in table.items():
            with self.subTest(text):
                self.assertEqual(parse_converter_args(text), expected)
        for text in ["a b", "'a", "a=", "=1", ",", "[1]", "a !"]:
            with self.subTest(text), self.assertRaisesRegex(ValueError, "is no number, word or quoted text"):
                parse_converter_args(text)


class MistakeTest(unittest.TestCase):
    """A developer's mistake fails where it is made, and the error says what to do."""

    def test_rules_that_are_none_are_refused(self):
        table = [
            ("a", ValueError, r"rule 'a' does not start with a slash: write '/a'"),
            ("/<x", ValueError, r"rule '/<x': what starts at '<x' is no variable; write <name>, <converter:name> or"),
            ("/<int:>", ValueError, r"what starts at '<int:>' is no variable"),
            ("/<1x>", ValueError, r"what starts at '<1x>' is no variable"),
            ("/<x>/<int:x>", ValueError, r"rule '/<x>/<int:x>' has two variables 'x': give one of them another name"),
            ("/<nope:x>", LookupError, r"rule '/<nope:x>': no converter 'nope'; there are 'any', 'default', 'float'"),
            ("/<int(a b):x>", ValueError, r"rule '/<int\(a b\):x>': converter arguments 'a b': 'a b' is no number"),
            ("/<int(size=1):x>", ValueError, r"rule .*: converter 'int' does not take \(size=1\): .*'size'"),
            ("/<string(length=-1):x>", ValueError, r"converter 'string' does not .*: length is -1: a length is 0 or"),
            ("/<string(minlength=-1):x>", ValueError, "minlength is -1"),
            ("/<string(maxlength=-1):x>", ValueError, "maxlength is -1"),
            ("/<string(length=a):x>", ValueError, r"rule .*: converter 'string' does not take \(length=a\)"),
            ("/<string(3, 2):x>", ValueError, r"rule .*: the regex '.*' of UnicodeConverter, for 'x', is none: min"),
            (
                "/<string(length=99999999999):x>",
                ValueError,
                "rule .*: the regex .* of UnicodeConverter, for 'x', is none",
            ),
        ]
        for rule, error, text in table:
            with self.subTest(rule), self.assertRaisesRegex(error, text):
                Map([Rule(rule)])

    def test_converters_that_are_none_are_refused(self):
        for attributes, text in [
            ({"weight": "heavy"}, "rule '/<own:x>': converter 'own' has weight 'heavy': no number"),
            ({"weight": None}, "has weight None: no number"),
            ({"regex": b"a"}, "rule '/<own:x>': converter 'own' has regex b'a': no text"),
            ({"regex": "("}, r"rule '/<own:x>': the regex '\(' of Own, for 'x', is none: missing \)"),
        ]:
            with self.subTest(text), self.assertRaisesRegex(ValueError, text):
                Map([Rule("/<own:x>")], converters={"own": type("Own", (BaseConverter,), attributes)})
        named = type("Named", (BaseConverter,), {"regex": "(?P<n>a)"})
        with self.assertRaisesRegex(ValueError, "the regexes of 'x', 'y' make none together: redefinition"):
            Map([Rule("/<named:x>-<named:y>")], converters={"named": named})

    def test_a_rule_that_cannot_be_taken_in_is_not_lost(self):
        class Own(Rule):
            broken = True

            def build_compare_key(self):
                if self.broken:
                    raise RuntimeError("no key")
                return super().build_compare_key()

        adapter = urls(Rule("/a", endpoint="a"), Own("/b", endpoint="b"), Rule("/c/<x>", endpoint="c"))
        for _ in range(2):
            for call in (lambda: adapter.match("/a"), lambda: adapter.match("/c/1"), lambda: adapter.build("a")):
                with self.assertRaisesRegex(RuntimeError, "no key"):
                    call()
        Own.broken = False
        self.assertEqual([adapter.match(path)[0] for path in ("/a", "/b", "/c/1")], ["a", "b", "c"])

    def test_rules_that_cannot_be_sorted_into_the_tree_are_not_lost(self):
        class Weight(float):
            def __lt__(self, other):
                raise RuntimeError("no weight")

            __gt__ = __lt__

        light = type("Light", (BaseConverter,), {"regex": "[a-z]+", "weight": Weight(1)})
        adapter = urls("/a", "/<light:x>", "/<y>", converters={"light": light})
        for path in ("/a", "/b", "/a"):
            with self.subTest(path), self.assertRaisesRegex(RuntimeError, "no weight"):
                adapter.match(path)
        self.assertEqual([node.rules for node in adapter.map._root.static[""].static.values()], [()])

    def test_a_variable_may_not_stand_in_the_subdomain_and_in_the_path(self):
        with self.assertRaisesRegex(ValueError, "has two variables 'x'"):
            Map([Rule("/<x>", subdomain="<x>")])

    def test_a_rule_belongs_to_one_map(self):
        rule = Rule("/a", endpoint="a")
        Map([rule])
        with self.assertRaisesRegex(RuntimeError, r"<Rule '/a' -> a> belongs to a map already: add rule.empty\(\)"):
            Map([rule])
        Map([rule.empty()])

    def test_a_websocket_opens_with_get(self):
        with self.assertRaisesRegex(
            ValueError, "rule '/w': a WebSocket opens with GET, so websocket=True rules out POST"
        ):
            Rule("/w", websocket=True, methods=["GET", "POST"])

    def test_host_matching_and_a_subdomain_exclude_each_other(self):
        map = Map([], host_matching=True)
        for bind in (
            lambda: map.bind("a.example", subdomain="x"),
            lambda: map.bind_to_environ(environ(), subdomain="x"),
        ):
            with self.assertRaisesRegex(RuntimeError, "subdomain 'x' and host_matching: leave out one of them"):
                bind()

    def test_an_environ_is_a_dict(self):
        with self.assertRaisesRegex(TypeError, "a WSGI environ is a dict, or what has one as .environ; list is none"):
            Map().bind_to_environ([])

    def test_a_factory_says_which_rules_it_stands_for(self):
        with self.assertRaisesRegex(NotImplementedError, r"RuleFactory does not say .*: write get_rules\(\)"):
            Map([RuleFactory()])

    def test_an_alias_that_leads_to_itself(self):
        adapter = urls(Rule("/a", endpoint="a", alias=True))
        with self.assertRaisesRegex(RuntimeError, "'/a' is an alias for endpoint 'a', which has no other URL for {}"):
            adapter.match("/a")


class RedirectTest(OutcomeTest):
    def test_a_url_leads_to_the_rule_that_has_its_values_as_defaults(self):
        rules = [
            Rule("/all/", endpoint="all", defaults={"page": 1}),
            Rule("/all/<int:page>", endpoint="all"),
        ]
        adapter = urls(*rules, bind={"query_args": {"q": "x"}})
        self.assert_outcomes(
            adapter,
            {
                "/all/": ("all", {"page": 1}),
                "/all/1": "http://example.com/all/?q=x",
                "/all/2": ("all", {"page": 2}),
            },
        )
        self.assertEqual(adapter.build("all", {"page": 1}), "/all/")
        self.assertEqual(adapter.build("all", {"page": 2}), "/all/2")
        adapter = urls(*[rule.empty() for rule in rules], redirect_defaults=False)
        self.assertEqual(adapter.match("/all/1"), ("all", {"page": 1}))

    def test_an_alias_leads_to_what_it_stands_for(self):
        rules = [
            Rule("/index.html", endpoint="index", alias=True),
            Rule("/", endpoint="index"),
            Rule("/users/<int:id>.html", endpoint="user", alias=True),
            Rule("/users/<int:id>", endpoint="user"),
        ]
        self.assert_outcomes(
            urls(*rules, bind={"query_args": "a=b"}),
            {"/index.html": "http://example.com/?a=b", "/users/5.html": "http://example.com/users/5?a=b"},
        )
        self.assertEqual(
            urls(*[rule.empty() for rule in rules], redirect_defaults=False).match("/index.html")[0], "index"
        )

    def test_redirect_to_a_text_or_what_a_function_says(self):
        def lookup(adapter, id):
            return adapter.build("new", {"slug": f"nr-{id}"})

        adapter = urls(
            Rule("/new/<slug>", endpoint="new"),
            Rule("/old/<slug>", redirect_to="new/<slug>"),
            Rule("/older/<slug>", redirect_to="/new/<slug>"),
            Rule("/number/<int:id>", redirect_to=lookup),
            Rule("/away", redirect_to="https://elsewhere.example/x"),
            bind={"script_name": "/app"},
        )
        self.assert_outcomes(
            adapter,
            {
                "/old/ä b": "http://example.com/app/new/%C3%A4%20b",
                "/older/x": "http://example.com/new/x",
                "/number/7": "http://example.com/app/new/nr-7",
                "/away": "https://elsewhere.example/x",
            },
        )

    def test_a_value_in_redirect_to_does_not_lead_to_another_host(self):
        class Any(BaseConverter):
            regex = ".*"
            part_isolating = False

        adapter = urls(
            Rule("/a/<path:x>", redirect_to="<x>"),
            Rule("/b/<any_:x>", redirect_to="/<x>"),
            Rule("/c/<any_:x>", redirect_to="<x>"),
            converters={"any_": Any},
        )
        for path in ["/a/http://evil.example/", "/a/https:evil.example", "/b//evil.example/x", "/b/\\evil.example",
                     "/c//evil.example/", "/c/\\\\evil.example/", "/c/javascript:alert(1)"]:  # fmt: skip
            with self.subTest(path):
                self.assertRegex(outcome(adapter, path), r"\Ahttp://example\.com/")

    def test_a_control_character_in_redirect_to_does_not_lead_to_another_host(self):
        for text in ["/\t/evil.ex", "\n/evil.ex", "/\r/evil.ex", "/\\evil.ex", "\\\\evil.ex", "\0//evil.ex",
                     " //evil.ex", "/\t\\evil.ex", "\thttp://evil.ex", "ht\ntp://evil.ex/"]:  # fmt: skip
            raw = type("Raw", (BaseConverter,), {"to_url": lambda self, value, text=text: text})
            for target in ("/<p>", "<p>", "//example.com/<p>"):
                adapter = urls(Rule("/old/<raw:p>", redirect_to=target), converters={"raw": raw})
                with self.subTest(text, target=target):
                    self.assertRegex(outcome(adapter, "/old/x"), r"\Ahttp://example\.com/[^\0- \\]*\Z")

    def test_slashes_before_the_path_do_not_lead_to_another_host(self):
        map = Map([Rule("/<path:p>/", endpoint="p"), Rule("/f/", endpoint="f")])
        for path in [
            "//evil.example/f", "///evil.example", "/\\evil.example", "\\\\evil.example", "//evil.example//f",
            "//evil.example\\@x", "/\t/evil.example", "/%2f/evil.example", "//evil.example:80",
        ]:  # fmt: skip
            for adapter in (map.bind("own.example"), map.bind_to_environ(environ(path, HTTP_HOST="own.example"))):
                with self.subTest(path):
                    self.assertRegex(outcome(adapter, path), r"\Ahttp://own\.example/[^/\\]")

    def test_the_page_of_a_redirect(self):
        redirect = RequestRedirect('http://example.com/f%C3%BC/?x=1&y="<>ü')
        sent = []
        page = b"".join(redirect(environ(), lambda status, headers: sent.extend([status, dict(headers)])))
        self.assertEqual(
            page.decode(),
            "<!doctype html>\n<html lang=en>\n<title>Redirecting...</title>\n<h1>Redirecting...</h1>\n"
            "<p>You should be redirected automatically to the target URL: "
            '<a href="http://example.com/f%C3%BC/?x=1&amp;y=&#34;&lt;&gt;ü">'
            "http://example.com/f%C3%BC/?x=1&amp;y=&#34;&lt;&gt;ü</a>. If not, click the link.\n",
        )
        self.assertEqual(sent[0], "308 PERMANENT REDIRECT")
        self.assertEqual(sent[1]["Location"], "http://example.com/f%C3%BC/?x=1&y=%22%3C%3E%C3%BC")
        self.assertEqual(sent[1]["Content-Type"], "text/html; charset=utf-8")
        self.assertEqual(sent[1]["Content-Length"], str(len(page)))


class DomainTest(OutcomeTest):
    def test_subdomains_are_matched_as_texts_and_as_patterns(self):
        map = Map(
            [
                Rule("/", endpoint="index"),
                Rule("/", endpoint="api", subdomain="api"),
                Rule("/", endpoint="user", subdomain="<name>"),
                Rule("/<x>", endpoint="numbered", subdomain="n<int:n>"),
            ]
        )
        for subdomain, path, expected in [
            (None, "/", "index"),
            ("api", "/", "api"),
            ("peter", "/", ("user", {"name": "peter"})),
            ("n5", "/a", ("numbered", {"n": 5, "x": "a"})),
            ("api", "/a", 404),
            (None, "/a", 404),
        ]:
            with self.subTest(subdomain, path=path):
                self.assertEqual(outcome(map.bind("example.com", subdomain=subdomain), path), expected)
        adapter = map.bind("example.com")
        self.assertEqual(adapter.build("user", {"name": "peter"}), "http://peter.example.com/")
        self.assertEqual(adapter.build("index"), "/")
        self.assertEqual(map.bind("example.com", subdomain="api").build("index"), "http://example.com/")

    def test_whole_hosts_are_matched(self):
        map = Map(
            [
                Rule("/", endpoint="www", host="www.example.com"),
                Rule("/", endpoint="files", host="files.example.com:8080"),
                Rule("/", endpoint="other", host="<name>.example.org"),
            ],
            host_matching=True,
        )
        for host, expected in [
            ("www.example.com", "www"),
            ("WWW.Example.COM", "www"),
            ("files.example.com:8080", "files"),
            ("files.example.com", 404),
            ("a.b.example.org", ("other", {"name": "a.b"})),
        ]:
            with self.subTest(host):
                self.assertEqual(outcome(map.bind(host), "/"), expected)
                self.assertEqual(outcome(map.bind_to_environ(environ(HTTP_HOST=host)), "/"), expected)
        self.assertEqual(map.bind("www.example.com").build("files"), "http://files.example.com:8080/")
        self.assertEqual(map.bind("www.example.com").build("www"), "/")

    def test_a_default_subdomain_is_that_of_rules_without_one(self):
        map = Map([Rule("/", endpoint="index")], default_subdomain="www")
        self.assertEqual(map.bind("example.com").match("/")[0], "index")
        self.assertEqual(outcome(map.bind("example.com", subdomain=""), "/"), 404)
        self.assertEqual(map.bind("example.com", subdomain="").build("index"), "http://www.example.com/")

    def test_rules_for_websockets_match_only_websockets(self):
        map = Map(
            [
                Rule("/", endpoint="page"),
                Rule("/ws", endpoint="ws", websocket=True),
                Rule("/both", endpoint="http"),
                Rule("/both", endpoint="socket", websocket=True),
            ]
        )
        http, ws = map.bind("a.example"), map.bind("a.example", url_scheme="wss")
        self.assert_outcomes(http, {"/": "page", "/ws": 400, "/both": "http", "/x": 404})
        self.assert_outcomes(ws, {"/": 400, "/ws": "ws", "/both": "socket", "/x": 404})
        self.assertEqual(outcome(http, "/ws", websocket=True), "ws")
        self.assertEqual(http.build("ws"), "ws://a.example/ws")
        self.assertEqual(ws.build("ws"), "wss://a.example/ws")
        self.assertEqual(ws.build("page", force_external=True), "https://a.example/")

    def test_a_name_that_cannot_be_a_host_is_a_bad_host(self):
        for name in ["a" * 64 + ".example", "a..b", ".a", "é" * 80, "a.example:70000", "\u2100.com", "h/x", "h:80/x",
                     "h?x", "h#x", "u@h", "h\\x", "h x", "h\tx", "h\n", "h:80\u3000", "h\u2047x"]:  # fmt: skip
            with self.subTest(name[:20]), self.assertRaises(BadHost):
                Map().bind(name)
        self.assertEqual(Map().bind("Bücher.example:8080").server_name, "xn--bcher-kva.example:8080")
        self.assertEqual(Map().bind("[::1]:80").server_name, "[::1]:80")


class EnvironTest(OutcomeTest):
    """bind_to_environ() looks at nothing before it is needed."""

    def test_what_an_adapter_takes_from_the_environ(self):
        adapter = Map([Rule("/é/", endpoint="e")]).bind_to_environ(
            environ(
                "/Ã©", SCRIPT_NAME="/Ã¤pp", QUERY_STRING="q=Ã¼", HTTP_HOST="Example.com:80", REQUEST_METHOD="POST"
            )
        )
        self.assertEqual(adapter.path_info, "/é")
        self.assertEqual(adapter.script_name, "/äpp/")
        self.assertEqual(adapter.query_args, "q=ü")
        self.assertEqual(adapter.server_name, "example.com")
        self.assertEqual((adapter.default_method, adapter.subdomain, adapter.url_scheme), ("POST", "", "http"))
        self.assertEqual(outcome(adapter, None, None), "http://example.com/äpp/%C3%A9/?q=ü")
        with self.assertRaises(RequestRedirect) as caught:
            adapter.match()
        self.assertIn(("Location", "http://example.com/%C3%A4pp/%C3%A9/?q=%C3%BC"), caught.exception.get_headers())

    def test_bytes_that_are_no_text_do_not_stop_a_match(self):
        adapter = Map([Rule("/<x>", endpoint="x")]).bind_to_environ(environ("/\xff\xfe"))
        self.assertEqual(adapter.match(), ("x", {"x": "\ufffd\ufffd"}))

    def test_a_request_is_as_good_as_its_environ(self):
        class Request:
            environ = environ("/a")

        self.assertEqual(Map([Rule("/a", endpoint="a")]).bind_to_environ(Request()).match()[0], "a")

    def test_the_host_is_not_looked_at_to_match(self):
        class Environ(dict):
            asked = []

            def get(self, key, default=None):
                self.asked.append(key)
                return super().get(key, default)

        map = Map([Rule("/a", endpoint="a"), Rule("/<int:x>", endpoint="x")])
        for options in ({}, {"subdomain": ""}, {"server_name": "example.com", "subdomain": ""}):
            adapter = map.bind_to_environ(Environ(environ("/a")), **options)
            self.assertEqual(adapter.match("/a")[0], "a")
            self.assertEqual(adapter.match("/7")[0], "x")
            self.assertEqual(adapter.build("a"), "/a")
        self.assertNotIn("HTTP_HOST", Environ.asked)

    def test_a_malformed_host_gets_400_and_no_redirect(self):
        map = Map([Rule("/f/", endpoint="f")])
        for host in [
            "a b",
            "<x>",
            "evil@example.com",
            "a.example, b.example",
            "a/b",
            "a\\b",
            "é",
            "a\r\nb",
            "a:99999",
        ]:
            adapter = map.bind_to_environ(environ("/f", HTTP_HOST=host))
            with self.subTest(host):
                with self.assertRaises((SecurityError, BadHost)):
                    adapter.match()
                self.assertEqual(adapter.match("/f/")[0], "f")
                with self.assertRaises((SecurityError, BadHost)):
                    adapter.build("f", force_external=True)

    def test_without_a_host_a_redirect_is_a_path(self):
        adapter = Map([Rule("/<x>/", endpoint="x")]).bind("", script_name="\\evil.example")
        self.assertEqual(outcome(adapter, "/ä", query_args="q=1"), "/%5Cevil.example/%C3%A4/?q=1")
        self.assertEqual(outcome(Map([Rule("/<x>/", endpoint="x")]).bind(""), "//a"), "/a/")

    def test_the_subdomain_is_what_stands_before_the_servers_name(self):
        map = Map([Rule("/", endpoint="index"), Rule("/", endpoint="sub", subdomain="<x>")])
        for host, name, expected in [
            ("example.com", "example.com", "index"),
            ("example.com:80", "example.com", "index"),
            ("example.com", "example.com:80", "index"),
            ("Example.com", "EXAMPLE.com", "index"),
            ("a.example.com", "example.com", ("sub", {"x": "a"})),
            ("a.b.example.com", "example.com", ("sub", {"x": "a.b"})),
            ("a.example.com:5000", "example.com:5000", ("sub", {"x": "a"})),
            ("a.xn--bcher-kva.example", "bücher.example", ("sub", {"x": "a"})),
            ("anything.example", None, "index"),
        ]:
            with self.subTest(host, name=name):
                adapter = map.bind_to_environ(environ(HTTP_HOST=host), server_name=name)
                self.assertEqual(outcome(adapter, "/"), expected)
        secure = map.bind_to_environ(
            environ(HTTP_HOST="example.com", **{"wsgi.url_scheme": "https"}), server_name="example.com:443"
        )
        self.assertEqual(outcome(secure, "/"), "index")

    def test_a_host_outside_of_the_servers_name_matches_nothing(self):
        map = Map([Rule("/", endpoint="index"), Rule("/", endpoint="sub", subdomain="<x>")])
        for host in ["badexample.com", "example.com.evil.example", "127.0.0.1", "example.com:5000"]:
            adapter = map.bind_to_environ(environ(HTTP_HOST=host), server_name="example.com")
            with self.subTest(host), warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                self.assertEqual(outcome(adapter, "/"), 404)
            self.assertEqual(len(caught), 1)
            self.assertIn("a host that is not in 'example.com'", str(caught[0].message))
            self.assertNotIn(host, str(caught[0].message).replace("'example.com'", ""))

    def test_an_upgrade_to_websocket_is_noticed(self):
        map = Map([Rule("/", endpoint="ws", websocket=True), Rule("/", endpoint="http")])
        for connection, upgrade, expected in [
            ("Upgrade", "websocket", "ws"),
            ("keep-alive, Upgrade", "WebSocket", "ws"),
            ("keep-alive", "websocket", "http"),
            ("Upgrade", "h2c", "http"),
        ]:
            with self.subTest(connection, upgrade=upgrade):
                adapter = map.bind_to_environ(environ(HTTP_CONNECTION=connection, HTTP_UPGRADE=upgrade))
                self.assertEqual(adapter.match()[0], expected)
                self.assertEqual(adapter.url_scheme, "ws" if expected == "ws" else "http")


class BuildTest(unittest.TestCase):
    def test_values_go_to_the_path_and_the_others_to_the_query(self):
        adapter = urls(
            "/", "/user/<name>", "/n/<int:id>", "/p/<path:p>", "/d/<int(fixed_digits=3):id>", "/f/<float:x>",
            "/u/<uuid:id>", "/a-<x>.<y>/100%/",
        )  # fmt: skip
        some_id = uuid.UUID(int=5)
        for endpoint, values, expected in [
            ("/", None, "/"),
            ("/", {"q": "a b&=ü", "n": 5, "none": None}, "/?q=a+b%26%3D%C3%BC&n=5"),
            ("/", {"q": ["x", None, "y"], "t": ("z",), "+": "+"}, "/?q=x&q=y&t=z&%2B=%2B"),
            ("/", {"b": b"\xff", "e": ""}, "/?b=%FF&e="),
            ("/user/<name>", {"name": "peter"}, "/user/peter"),
            ("/user/<name>", {"name": "a/b?c#d%é ü"}, "/user/a/b%3Fc%23d%25%C3%A9%20%C3%BC"),
            ("/user/<name>", {"name": "x", "q": 1}, "/user/x?q=1"),
            ("/user/<name>", {"name": 5}, "/user/5"),
            ("/n/<int:id>", {"id": 7}, "/n/7"),
            ("/n/<int:id>", {"id": "7"}, "/n/7"),
            ("/d/<int(fixed_digits=3):id>", {"id": 7}, "/d/007"),
            ("/f/<float:x>", {"x": 1}, "/f/1.0"),
            ("/p/<path:p>", {"p": "a/b c"}, "/p/a/b%20c"),
            ("/u/<uuid:id>", {"id": some_id}, f"/u/{some_id}"),
            ("/u/<uuid:id>", {"id": "a\nb"}, "/u/a%0Ab"),
            ("/a-<x>.<y>/100%/", {"x": 1, "y": "%s"}, "/a-1.%25s/100%25/"),
        ]:
            with self.subTest(endpoint, values=values):
                self.assertEqual(adapter.build(endpoint, values), expected)

    def test_what_was_built_matches(self):
        adapter = urls("/<a>-<int:b>/<path:c>/", "/<float:a>/<any(x, y):b>")
        for endpoint, values in [
            ("/<a>-<int:b>/<path:c>/", {"a": "ü-v", "b": 5, "c": "x/ y"}),
            ("/<float:a>/<any(x, y):b>", {"a": 1.5, "b": "y"}),
        ]:
            from urllib.parse import unquote

            self.assertEqual(adapter.match(unquote(adapter.build(endpoint, values))), (endpoint, values))

    def test_a_multidict_gives_all_its_values(self):
        adapter = urls("/u/<name>")
        values = MultiDict([("name", "x"), ("tag", "a"), ("tag", "b"), ("one", "c")])
        self.assertEqual(adapter.build("/u/<name>", values), "/u/x?tag=a&tag=b&one=c")

    def test_the_query_can_be_left_out_or_sorted(self):
        adapter = urls("/", sort_parameters=True)
        self.assertEqual(adapter.build("/", {"b": 1, "a": 2}), "/?a=2&b=1")
        self.assertEqual(adapter.build("/", {"b": 1}, append_unknown=False), "/")
        adapter = urls("/", sort_parameters=True, sort_key=lambda pair: pair[1])
        self.assertEqual(adapter.build("/", {"b": 1, "a": 2}), "/?b=1&a=2")

    def test_an_external_url_has_the_scheme_that_was_asked_for(self):
        adapter = urls("/a", bind={"script_name": "/app", "url_scheme": "https"})
        self.assertEqual(adapter.build("/a"), "/app/a")
        self.assertEqual(adapter.build("/a", force_external=True), "https://example.com/app/a")
        self.assertEqual(adapter.build("/a", force_external=True, url_scheme="http"), "http://example.com/app/a")
        self.assertEqual(adapter.build("/a", force_external=True, url_scheme=""), "//example.com/app/a")

    def test_the_rule_is_chosen_by_values_and_method(self):
        adapter = urls(
            Rule("/u/", endpoint="u", methods=["POST"]),
            Rule("/u/<int:id>", endpoint="u", methods=["GET"]),
            Rule("/u/<int:id>/<tab>", endpoint="u", methods=["GET"]),
            Rule("/u/all", endpoint="u", defaults={"id": 0}, build_only=True),
        )
        for values, method, expected in [
            ({"id": 5}, None, "/u/5"),
            ({"id": 5, "tab": "x"}, None, "/u/5/x"),
            ({"id": 5}, "POST", "/u/?id=5"),
            ({}, None, "/u/all"),
            ({}, "POST", "/u/all"),
        ]:
            with self.subTest(values, method=method):
                self.assertEqual(adapter.build("u", values, method), expected)
        self.assertEqual(outcome(adapter, "/u/all"), 404)

    def test_a_value_does_not_lead_to_another_host(self):
        for script_name in ("/", "/app"):
            adapter = urls("/<path:p>", "/x", bind={"script_name": script_name})
            for value in ["/evil.example", "//evil.example/", "\\evil.example", "/\\evil.example"]:
                with self.subTest(value):
                    self.assertRegex(adapter.build("/<path:p>", {"p": value}), r"\A/[^/\\]")

    def test_a_converter_that_refuses_a_value_leaves_it_to_the_next_rule(self):
        class Even(BaseConverter):
            def to_url(self, value):
                if value % 2:
                    raise ValidationError("odd")
                return str(value)

        rules = [Rule("/even/<even:x>", endpoint="x"), Rule("/any/<x>", endpoint="x")]
        adapter = urls(*rules, converters={"even": Even})
        self.assertEqual(adapter.build("x", {"x": 2}), "/even/2")
        self.assertEqual(adapter.build("x", {"x": 3}), "/any/3")
        with self.assertRaises(BuildError):
            urls(rules[0].empty(), converters={"even": Even}).build("x", {"x": 3})

    def test_any_takes_a_number_among_its_items(self):
        self.assertEqual(urls("/<any(1, b):x>").build("/<any(1, b):x>", {"x": 1}), "/1")

    def test_a_value_that_cannot_be_a_part_of_the_url(self):
        with self.assertRaisesRegex(ValueError, "'c' is not one of 'a', 'b'"):
            urls("/<any(a, b):x>").build("/<any(a, b):x>", {"x": "c"})
        with self.assertRaisesRegex(ValueError, "'c' cannot stand for 'x' in '/<int:x>': invalid literal for int"):
            urls("/<int:x>").build("/<int:x>", {"x": "c"})
        with self.assertRaisesRegex(
            TypeError, r"\['c'\] cannot stand for 'x' in '/<int:x>': int\(\) argument must be"
        ):
            urls("/<int:x>").build("/<int:x>", {"x": ["c"]})

    def test_an_error_says_what_was_meant(self):
        adapter = urls(
            Rule("/", endpoint="index"),
            Rule("/user/<name>/<int:page>", endpoint="user", methods=["GET"]),
            Rule("/list/", endpoint="list", defaults={"page": 1}),
        )
        rule = "'/user/<name>/<int:page>'"
        for endpoint, values, method, asked, hint in [
            ("indx", None, None, "endpoint 'indx'", "did you mean the endpoint 'index'?"),
            ("usr", {"b": 1, "a": 2}, None, "endpoint 'usr', values 'a', 'b'", "did you mean the endpoint 'user'?"),
            ("user", {"name": "x"}, None, "endpoint 'user', values 'name'", f"{rule} needs a value for 'page'"),
            (
                "user",
                {"page": None},
                None,
                "endpoint 'user'",
                f"{rule} needs a value for 'name'; {rule} needs a value for 'page'",
            ),
            (
                "user",
                {"name": "x", "page": 1},
                "PUT",
                "endpoint 'user', method 'PUT', values 'name', 'page'",
                f"{rule} takes GET, HEAD",
            ),
            ("list", {"page": 2}, None, "endpoint 'list', values 'page'", "'/list/' is for page=1 only"),
        ]:
            with self.subTest(endpoint, values=values):
                with self.assertRaises(BuildError) as caught:
                    adapter.build(endpoint, values, method)
                self.assertEqual(str(caught.exception), f"there is no URL for {asked}; {hint}")
        self.assertIsInstance(caught.exception, LookupError)
        self.assertEqual(caught.exception.args, ("list", {"page": 2}, None))
        self.assertEqual(caught.exception.suggested.endpoint, "list")
        with self.assertRaisesRegex(BuildError, "there is no URL for endpoint 'x'; the map has no rules"):
            urls().build("x")

    def test_an_error_about_odd_values_is_told_too(self):
        adapter = urls(Rule("/a/<x>", endpoint="a", defaults={1: 1, "p": 2}))
        for values, text in [
            (
                None,
                "there is no URL for endpoint 'a'; '/a/<x>' needs a value for '1'; '/a/<x>' needs a value for 'x'",
            ),
            ({1: 2, "p": 3}, "values 'p', 1; .* is for 1=1 only; .* is for p=2 only"),
        ]:
            with self.subTest(values=values):
                self.assertRegex(str(BuildError("a", values, None, adapter)), text)


class FactoryTest(unittest.TestCase):
    def test_factories_make_many_rules_of_few(self):
        socket = Rule("/<int:id>/live", endpoint="live", websocket=True)
        page = Rule("/", endpoint="index", methods=["GET"], strict_slashes=False, merge_slashes=False)
        map = Map(
            [
                Submount("/blog/", [page, socket]),
                Subdomain("<lang>", [EndpointPrefix("i18n.", [page])]),
                EndpointPrefix("a.", [Submount("/a", [Submount("/b", [page])])]),
            ]
        )
        self.assertEqual(
            repr(map),
            "Map([<Rule '/blog/' (GET, HEAD) -> index>,\n <Rule '/blog/<id>/live' -> live>,\n"
            " <Rule '<lang>|/' (GET, HEAD) -> i18n.index>,\n <Rule '/a/b/' (GET, HEAD) -> a.index>])",
        )
        self.assertTrue(next(map.iter_rules("live")).websocket)
        self.assertFalse(next(map.iter_rules("index")).merge_slashes)
        self.assertEqual(map.bind("x.example", subdomain="de").match("/"), ("i18n.index", {"lang": "de"}))
        self.assertIsNone(page.map)

    def test_a_template_is_filled_in_and_keeps_the_options(self):
        resource = RuleTemplate(
            [
                Rule("/$name/", endpoint="$name.list", subdomain="$sub", defaults={"kind": "$name", "n": 1}),
                Rule("/$name/old", endpoint=5, subdomain="$sub", redirect_to="x", websocket=True),
            ]
        )
        map = Map([resource(name="user", sub="api"), resource({"name": "page"}, sub="www")])
        rule = next(map.iter_rules("user.list"))
        self.assertEqual((rule.rule, rule.subdomain, rule.defaults), ("/user/", "api", {"kind": "user", "n": 1}))
        self.assertEqual([(rule.rule, rule.redirect_to, rule.websocket) for rule in map.iter_rules(5)],
                         [("/user/old", "x", True), ("/page/old", "x", True)])  # fmt: skip
        map = Map([RuleTemplate([Rule("/", endpoint="x", host="$host")])(host="a.example")], host_matching=True)
        self.assertEqual(map.bind("a.example").match("/")[0], "x")

    def test_a_rule_of_ones_own_class_stays_one(self):
        class Tagged(Rule):
            def __init__(self, string, tag=None, **options):
                super().__init__(string, **options)
                self.tag = tag

            def get_empty_kwargs(self):
                return {**super().get_empty_kwargs(), "tag": self.tag}

            def build(self, values, append_unknown=True):
                domain, path = super().build(values, append_unknown)
                return domain, path + "#" + self.tag

        adapter = urls(Submount("/a", [Tagged("/b", tag="t", endpoint="b")]))
        rule, _ = adapter.match("/a/b", return_rule=True)
        self.assertEqual((type(rule), rule.tag, adapter.build("b")), (Tagged, "t", "/a/b#t"))


class MapTest(unittest.TestCase):
    def test_a_match_can_return_the_rule(self):
        adapter = urls(Rule("/a", endpoint="a"), Rule("/<x>", endpoint="x"), bind={"path_info": "/a"})
        rule, values = adapter.match(return_rule=True)
        self.assertEqual((str(rule), rule.endpoint, values), ("/a", "a", {}))
        rule, values = adapter.match("/b", return_rule=True)
        self.assertEqual((str(rule), values), ("/<x>", {"x": "b"}))

    def test_every_match_has_values_of_its_own(self):
        adapter = urls(Rule("/a", endpoint="a"), Rule("/d", endpoint="d", defaults={"x": 1}))
        adapter.match("/a")[1]["seen"] = adapter.match("/d")[1]["seen"] = True
        self.assertEqual(adapter.match("/a")[1], {})
        self.assertEqual(adapter.match("/d")[1], {"x": 1})

    def test_dispatch_calls_the_view_or_hands_out_the_redirect(self):
        adapter = urls("/a/<x>", "/b/")
        self.assertEqual(
            adapter.dispatch(lambda endpoint, values: (endpoint, values), "/a/1"), ("/a/<x>", {"x": "1"})
        )
        self.assertIsInstance(adapter.dispatch(None, "/b"), RequestRedirect)
        self.assertIsInstance(adapter.dispatch(None, "/c", catch_http_exceptions=True), NotFound)
        with self.assertRaises(NotFound):
            adapter.dispatch(None, "/c")

    def test_a_map_knows_its_rules(self):
        map = Map(
            [Rule("/", endpoint="i"), Rule("/<a>/<b>", endpoint="x"), Rule("/<a>", endpoint="x", defaults={"b": 1})]
        )
        self.assertEqual([str(rule) for rule in map.iter_rules()], ["/", "/<a>", "/<a>/<b>"])
        self.assertEqual([str(rule) for rule in map.iter_rules("x")], ["/<a>", "/<a>/<b>"])
        self.assertTrue(map.is_endpoint_expecting("x", "a", "b"))
        self.assertFalse(map.is_endpoint_expecting("x", "c"))
        with self.assertRaises(KeyError):
            map.iter_rules("none")
        self.assertEqual(repr(Map()), "Map([])")

    def test_rules_are_equal_if_they_read_the_same(self):
        one, other, different = Rule("/a/<int:x>"), Rule("/a/<x>", endpoint="e"), Rule("/a/<y>")
        self.assertEqual(one, other)
        self.assertNotEqual(one, different)
        Map([one, other, different, Rule("/a/<x>", subdomain="<y>", endpoint="sub")])
        self.assertEqual(one, other)
        self.assertNotEqual(one, different)
        self.assertNotEqual(one, next(one.map.iter_rules("sub")))
        self.assertEqual(repr(Rule("/a")), "<Rule (unbound)>")

    def test_what_is_between_a_match_and_a_404_is_a_class_too(self):
        missed = NoMatch({"GET"}, False)
        self.assertEqual((missed.have_match_for, missed.websocket_mismatch), ({"GET"}, False))


class PageTest(unittest.TestCase):
    def test_the_examples_in_the_documentation_run(self):
        page = Path(__file__).resolve().parent.parent / "docs" / "routing.md"
        results = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
        self.assertEqual(results.failed, 0)
        self.assertGreater(results.attempted, 5)


class GrowthTest(unittest.TestCase):
    """The number of rules makes no difference to a match, and a new rule none to the others.

    small, large    maps of 10 and of 10,000 rules
    """

    @classmethod
    def setUpClass(cls):
        cls.small, cls.large = cls.make(10), cls.make(10_000)
        cls.addClassCleanup(lambda: delattr(cls, "large"))

    @staticmethod
    def make(size):
        rules = []
        for n in range(0, size, 5):
            rules += [
                Rule(f"/static{n}/page", endpoint=f"s{n}"),
                Rule(f"/user{n}/<int:id>", endpoint=f"u{n}", methods=["GET"]),
                Rule(f"/item{n}/<name>/x/<int:id>", endpoint=f"i{n}"),
                Rule(f"/<name>/of{n}", endpoint=f"o{n}"),
                Rule(f"/files{n}/<path:name>", endpoint=f"f{n}"),
            ]
        adapter = Map(rules).bind("example.com")
        adapter.match("/static0/page")
        return adapter

    @staticmethod
    def count_steps(function, *args):
        """How many lines of nanoweb run in a call; and how many functions of the interpreter."""
        steps = [0, 0]

        def trace(frame, event, arg):
            if event == "line" and frame.f_globals["__name__"].startswith("nanoweb."):
                steps[0] += 1
            return trace

        def profile(frame, event, arg):
            if event == "c_call":
                steps[1] += 1

        before = sys.gettrace(), sys.getprofile()
        sys.setprofile(profile)
        sys.settrace(trace)
        try:
            function(*args)
        finally:
            sys.settrace(before[0])
            sys.setprofile(before[1])
        return steps

    def test_a_match_takes_the_same_steps_with_10_rules_and_with_10_000(self):
        small, large = self.small, self.large
        for path in [
            "/static5/page",
            "/user5/77",
            "/item5/peter/x/7",
            "/peter/of5",
            "/files5/a/b",
            "/nothing",
            "/user5/x",
        ]:
            with self.subTest(path):
                self.assertEqual(self.count_steps(outcome, large, path), self.count_steps(outcome, small, path))
        for request in ["/user5/77", "/nothing/at/all"]:
            with self.subTest("POST " + request):
                args = (request, "POST")
                self.assertEqual(self.count_steps(outcome, large, *args), self.count_steps(outcome, small, *args))

    def test_building_takes_the_same_steps_too(self):
        small, large = self.small, self.large
        for endpoint, values in [("s5", None), ("u5", {"id": 7}), ("i5", {"id": 7, "name": "x", "q": "y"})]:
            with self.subTest(endpoint):
                steps = [self.count_steps(adapter.build, endpoint, values) for adapter in (large, small)]
                self.assertEqual(*steps)

    def test_adding_a_rule_to_a_live_map_takes_the_same_steps_too(self):
        def add_and_match(adapter):
            adapter.map.add(Rule("/live/<int:id>", endpoint="live"))
            adapter.match("/live/7")

        self.assertEqual(self.count_steps(add_and_match, self.large), self.count_steps(add_and_match, self.small))

    def test_rules_can_be_added_after_the_first_match(self):
        adapter = urls("/<path:x>")
        for rule, path in [("/a/<x>", "/a/1"), ("/a/<int:x>", "/a/1"), ("/a/1", "/a/1"), ("/<x>-<y>", "/1-2")]:
            self.assertNotEqual(adapter.match(path)[0], rule)
            adapter.map.add(Rule(rule, endpoint=rule))
            with self.subTest(rule):
                self.assertEqual(adapter.match(path)[0], rule)
        adapter.map.add(Rule("/b", endpoint="/a/1", defaults={"x": 1}))
        self.assertEqual(adapter.build("/a/1", {"x": 1}), "/b")

    def test_rules_can_be_added_while_others_match(self):
        adapter = urls("/a/<int:id>", "/b", "/<x>/c")
        stop = threading.Event()
        wrong = []

        def match():
            while not stop.is_set():
                found = [adapter.match(path) for path in ("/a/7", "/b", "/peter/c")]
                if found != [("/a/<int:id>", {"id": 7}), ("/b", {}), ("/<x>/c", {"x": "peter"})]:
                    wrong.append(found)

        def add(name):
            for n in range(50):
                adapter.map.add(Rule(f"/{name}{n}/<float:x>", endpoint=f"{name}{n}"))
                adapter.map.add(Rule(f"/a/{name}<string(minlength={n + 1}):y>", endpoint=f"{name}{n}"))
                if adapter.match(f"/{name}{n}/1.5") != (f"{name}{n}", {"x": 1.5}):
                    wrong.append(name)

        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        try:
            readers = [threading.Thread(target=match) for _ in range(4)]
            writers = [threading.Thread(target=add, args=(name,)) for name in ("v", "w")]
            for thread in readers + writers:
                thread.start()
            for thread in writers:
                thread.join()
            stop.set()
            for thread in readers:
                thread.join()
        finally:
            sys.setswitchinterval(interval)
        self.assertEqual(wrong, [])
        self.assertEqual(len(list(adapter.map.iter_rules())), 203)


if __name__ == "__main__":
    unittest.main()
