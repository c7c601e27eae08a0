import copy
import io
import json
import pathlib
import pickle
import tempfile
import unittest

from nanoweb.datastructures import (
    CallbackDict,
    CombinedMultiDict,
    EnvironHeaders,
    FileStorage,
    Headers,
    ImmutableMultiDict,
    MultiDict,
)
from nanoweb.exceptions import BadRequest, BadRequestKeyError

PAIRS = [("a", "1"), ("b", "2"), ("a", "3"), ("c", "x")]


class MultiDictTest(unittest.TestCase):
    """To most eyes a dict of first values; to those who ask, all of them."""

    def setUp(self):
        self.args = MultiDict(PAIRS)

    def test_it_is_made_of_pairs_a_dict_or_another(self):
        for source, expected in [
            (PAIRS, {"a": ["1", "3"], "b": ["2"], "c": ["x"]}),
            (iter(PAIRS), {"a": ["1", "3"], "b": ["2"], "c": ["x"]}),
            (MultiDict(PAIRS), {"a": ["1", "3"], "b": ["2"], "c": ["x"]}),
            (ImmutableMultiDict(PAIRS), {"a": ["1", "3"], "b": ["2"], "c": ["x"]}),
            (
                CombinedMultiDict([MultiDict(PAIRS[:1]), MultiDict(PAIRS[1:])]),
                {"a": ["1", "3"], "b": ["2"], "c": ["x"]},
            ),
            (
                {"a": "1", "b": ["2", "3"], "c": ("4",), "d": {"5"}, "e": []},
                {"a": ["1"], "b": ["2", "3"], "c": ["4"], "d": ["5"]},
            ),
            (Headers([("A", "1"), ("A", "2")]), {"A": ["1", "2"]}),
            (None, {}),
            ([], {}),
        ]:
            with self.subTest(source):
                self.assertEqual(MultiDict(source).to_dict(flat=False), expected)

    def test_a_look_up_gives_the_first_value(self):
        self.assertEqual((self.args["a"], self.args.get("a")), ("1", "1"))
        self.assertEqual(list(self.args.items()), [("a", "1"), ("b", "2"), ("c", "x")])
        self.assertEqual(list(self.args.values()), ["1", "2", "x"])
        self.assertEqual(list(self.args), ["a", "b", "c"])
        self.assertEqual((len(self.args), "a" in self.args, "z" in self.args), (3, True, False))

    def test_all_values_can_be_asked_for(self):
        self.assertEqual(self.args.getlist("a"), ["1", "3"])
        self.assertEqual(self.args.getlist("z"), [])
        self.assertEqual(list(self.args.items(multi=True)), [("a", "1"), ("a", "3"), ("b", "2"), ("c", "x")])
        self.assertEqual(list(self.args.lists()), [("a", ["1", "3"]), ("b", ["2"]), ("c", ["x"])])
        self.assertEqual(list(self.args.listvalues()), [["1", "3"], ["2"], ["x"]])

    def test_whoever_takes_it_for_a_dict_sees_first_values(self):
        first = {"a": "1", "b": "2", "c": "x"}
        self.assertEqual(dict(self.args), first)
        self.assertEqual({**self.args}, first)
        self.assertEqual((lambda **kwargs: kwargs)(**self.args), first)
        self.assertEqual(json.loads(json.dumps(self.args)), first)
        self.assertEqual("{a} {b}".format_map(self.args), "1 2")
        self.assertEqual({"z": "0", **self.args}, {"z": "0", **first})
        self.assertEqual(self.args.to_dict(), first)

    def test_a_missing_key_is_a_bad_request_and_a_key_error(self):
        for look in [lambda: self.args["z"], lambda: self.args.pop("z")]:
            with self.assertRaises(BadRequestKeyError) as caught:
                look()
            self.assertIsInstance(caught.exception, KeyError)
            self.assertIsInstance(caught.exception, BadRequest)
            self.assertEqual(caught.exception.args, ("z",))

    def test_a_type_converts_and_what_does_not_fit_is_the_default(self):
        for key, default, type, expected in [
            ("a", None, int, 1),
            ("c", None, int, None),
            ("c", 7, int, 7),
            ("z", 7, int, 7),
            ("a", None, lambda value: None, None),
            ("a", 7, {}.__getitem__, KeyError),
        ]:
            with self.subTest(key, default=default):
                if expected is KeyError:  # only ValueError and TypeError mean that it does not fit
                    self.assertRaises(KeyError, self.args.get, key, default, type)
                else:
                    self.assertEqual(self.args.get(key, default, type), expected)
                    self.assertEqual(self.args.get(key, default=default, type=type), expected)
        self.args.setlist("n", ["1", "x", "3", None])
        self.assertEqual(self.args.getlist("n", type=int), [1, 3])

    def test_a_list_that_was_given_out_is_nobody_elses(self):
        self.args.getlist("a").append("4")
        dict(self.args.lists())["a"].append("4")
        self.args.to_dict(flat=False)["a"].append("4")
        next(self.args.listvalues()).append("4")
        self.assertEqual(self.args.getlist("a"), ["1", "3"])
        self.args.setlistdefault("a").append("4")  # but this one is the list itself
        self.assertEqual(self.args.getlist("a"), ["1", "3", "4"])

    def test_writing_replaces_and_adding_adds(self):
        self.args["a"] = "9"
        self.args.add("b", "8")
        self.args.setlist("c", iter("yz"))
        self.args.update({"b": ["7"], "d": "6"})
        self.args |= [("e", "5")]
        self.assertEqual(
            self.args.to_dict(flat=False),
            {"a": ["9"], "b": ["2", "8", "7"], "c": ["y", "z"], "d": ["6"], "e": ["5"]},
        )

    def test_it_may_be_updated_with_itself(self):
        self.args.update(self.args)
        self.assertEqual(self.args.getlist("a"), ["1", "3", "1", "3"])

    def test_defaults_are_set_where_there_is_nothing(self):
        self.assertEqual(self.args.setdefault("a", "9"), "1")
        self.assertEqual(self.args.setdefault("n", "9"), "9")
        self.assertIsNone(self.args.setdefault("none"))
        self.assertEqual(self.args.setlistdefault("a", ["9"]), ["1", "3"])
        self.assertEqual(self.args.setlistdefault("m", ["9", "8"]), ["9", "8"])
        self.assertEqual(self.args.getlist("m"), ["9", "8"])
        self.args.setlist("empty", [])
        self.assertEqual(self.args.setdefault("empty", "0"), "0")

    def test_taking_out_takes_all_values(self):
        self.assertEqual(self.args.pop("a"), "1")
        self.assertNotIn("a", self.args)
        self.assertEqual((self.args.pop("a", "0"), self.args.pop("a", default=None)), ("0", None))
        self.assertEqual((self.args.poplist("b"), self.args.poplist("b")), (["2"], []))
        self.args.setlist("last", ["1", "2"])
        self.assertEqual(self.args.popitemlist(), ("last", ["1", "2"]))
        self.assertEqual(self.args.popitem(), ("c", "x"))
        for pop in [self.args.popitem, self.args.popitemlist]:
            self.assertRaises(BadRequestKeyError, pop)

    def test_a_key_without_values_is_there_and_has_no_first(self):
        self.args.setlist("empty", [])
        self.assertIn("empty", self.args)
        self.assertEqual((self.args.get("empty", "0"), self.args.getlist("empty")), ("0", []))
        for look in [lambda: self.args["empty"], lambda: self.args.copy()["empty"], self.args.popitem]:
            self.assertRaises(BadRequestKeyError, look)

    def test_copies_are_of_their_own(self):
        self.args["list"] = [1]
        for name, other, same in [
            ("copy", self.args.copy(), True),
            ("copy.copy", copy.copy(self.args), True),
            ("deepcopy", self.args.deepcopy(), False),
            ("copy.deepcopy", copy.deepcopy(self.args), False),
            ("pickle", pickle.loads(pickle.dumps(self.args)), False),
        ]:
            with self.subTest(name):
                self.assertIs(type(other), MultiDict)
                self.assertEqual(other, self.args)
                self.assertIs(other["list"] is self.args["list"], same)
                other.add("a", "4")
                self.assertEqual(self.args.getlist("a"), ["1", "3"])

    def test_equal_are_those_with_the_same_values(self):
        self.assertEqual(self.args, MultiDict(PAIRS))
        self.assertEqual(self.args, ImmutableMultiDict(PAIRS))
        self.assertEqual(
            self.args, MultiDict([*PAIRS[1:2], *PAIRS[:1], *PAIRS[2:]])
        )  # the order of keys is none of it
        self.assertNotEqual(self.args, MultiDict([*PAIRS, ("a", "4")]))
        self.assertNotEqual(self.args, MultiDict([("a", "3"), ("a", "1"), *PAIRS[1::2]]))

    def test_two_can_be_joined(self):
        both = self.args | {"a": ["4"], "d": "5"}
        self.assertEqual(both.getlist("a"), ["1", "3", "4"])
        self.assertEqual((both["d"], "d" in self.args), ("5", False))
        with self.assertRaises(TypeError):
            self.args | PAIRS

    def test_it_shows_what_it_could_be_made_of(self):
        self.assertEqual(repr(self.args), "MultiDict([('a', '1'), ('a', '3'), ('b', '2'), ('c', 'x')])")

    def test_a_subclass_stays_one(self):
        class Form(MultiDict):
            pass

        for other in [Form(PAIRS).copy(), Form(PAIRS) | {}, copy.deepcopy(Form(PAIRS)), Form.fromkeys("ab", "1")]:
            self.assertIs(type(other), Form)

    def test_the_type_in_brackets_is_for_type_checkers_only(self):
        self.assertEqual(MultiDict[str](PAIRS), self.args)


class ImmutableMultiDictTest(unittest.TestCase):
    def test_every_way_to_change_it_is_refused(self):
        args = ImmutableMultiDict(PAIRS)
        for name, change in {
            "set": lambda: args.__setitem__("a", "9"),
            "del": lambda: args.__delitem__("a"),
            "add": lambda: args.add("a", "9"),
            "setlist": lambda: args.setlist("a", ["9"]),
            "setdefault": lambda: args.setdefault("z", "9"),
            "setlistdefault": lambda: args.setlistdefault("a").append("9"),
            "update": lambda: args.update({"a": "9"}),
            "|=": lambda: args.__ior__({"a": "9"}),
            "pop": lambda: args.pop("a"),
            "poplist": lambda: args.poplist("a"),
            "popitem": args.popitem,
            "popitemlist": args.popitemlist,
            "clear": args.clear,
        }.items():
            with self.subTest(name), self.assertRaisesRegex(TypeError, "ImmutableMultiDict cannot be changed"):
                change()
        self.assertEqual(args, MultiDict(PAIRS))

    def test_a_copy_can_be_changed(self):
        args = ImmutableMultiDict(PAIRS)
        changed = args.copy()
        changed["a"] = "9"
        self.assertEqual((type(changed), changed["a"], args["a"]), (MultiDict, "9", "1"))
        self.assertIs(copy.copy(args), args)
        self.assertIs(type(args | {"d": "4"}), MultiDict)
        for other in [copy.deepcopy(args), pickle.loads(pickle.dumps(args)), ImmutableMultiDict.fromkeys("ab", "1")]:
            self.assertIs(type(other), ImmutableMultiDict)

    def test_equal_ones_have_the_same_hash(self):
        self.assertEqual(len({ImmutableMultiDict(PAIRS), ImmutableMultiDict(sorted(PAIRS))}), 1)
        with self.assertRaises(TypeError):
            hash(MultiDict(PAIRS))


class CombinedMultiDictTest(unittest.TestCase):
    def setUp(self):
        self.first = MultiDict([("a", "1"), ("b", "x")])
        self.second = MultiDict([("b", "2"), ("c", "3"), ("b", "4")])
        self.both = CombinedMultiDict([self.first, self.second])

    def test_the_first_that_knows_a_key_answers(self):
        self.assertEqual([self.both[key] for key in "abc"], ["1", "x", "3"])
        self.assertEqual((self.both.get("b"), self.both.get("z"), self.both.get("z", "0")), ("x", None, "0"))
        self.assertRaises(BadRequestKeyError, lambda: self.both["z"])

    def test_a_value_that_does_not_convert_leaves_the_answer_to_the_next(self):
        self.assertEqual((self.both.get("b", type=int), self.both.get("b", 0, type=dict)), (2, 0))

    def test_all_values_are_those_of_all(self):
        self.assertEqual((self.both.getlist("b"), self.both.getlist("b", type=int)), (["x", "2", "4"], [2, 4]))
        self.assertEqual(list(self.both.lists()), [("a", ["1"]), ("b", ["x", "2", "4"]), ("c", ["3"])])
        pairs = [("a", "1"), ("b", "x"), ("b", "2"), ("b", "4"), ("c", "3")]
        self.assertEqual(list(self.both.items(multi=True)), pairs)
        self.second.add("a", "5")
        self.assertEqual(list(self.both.items(multi=True)), [*pairs, ("a", "5")])  # one dict after the other

    def test_it_is_one_dict_to_who_looks_at_it(self):
        flat = {"a": "1", "b": "x", "c": "3"}
        self.assertEqual((dict(self.both), {**self.both}, self.both.to_dict(), dict(self.both.items())), (flat,) * 4)
        self.assertEqual(
            (list(self.both), list(self.both.keys()), list(reversed(self.both))), ([*"abc"], [*"abc"], [*"cba"])
        )
        self.assertEqual((list(self.both.values()), len(self.both)), (["1", "x", "3"], 3))
        self.assertTrue(self.both and "c" in self.both and "z" not in self.both)
        self.assertFalse(CombinedMultiDict([MultiDict()]) or CombinedMultiDict())

    def test_it_sees_what_changes_underneath_and_changes_nothing(self):
        self.first["a"] = "9"
        self.assertEqual(self.both["a"], "9")
        for change in [self.both.clear, lambda: self.both.add("a", "1"), lambda: self.both.__setitem__("a", "1")]:
            self.assertRaises(TypeError, change)
        self.assertRaises(TypeError, CombinedMultiDict.fromkeys, "ab")

    def test_equal_are_those_that_read_the_same(self):
        self.assertEqual(self.both, CombinedMultiDict([MultiDict(self.both)]))
        self.assertEqual(self.both, MultiDict(self.both))
        self.assertEqual(MultiDict(self.both), self.both)
        self.assertNotEqual(self.both, CombinedMultiDict([self.first]))
        self.assertNotEqual(self.both, {})
        self.assertNotEqual({}, self.both)
        self.assertNotEqual(self.both, PAIRS)
        self.assertEqual(hash(self.both), hash(ImmutableMultiDict(self.both)))

    def test_copies_are_of_their_own(self):
        for made in [self.both.copy(), copy.copy(self.both), self.both | {}]:
            self.assertEqual((type(made), made), (MultiDict, self.both))
        for made in [copy.deepcopy(self.both), self.both.deepcopy(), pickle.loads(pickle.dumps(self.both))]:
            self.assertEqual((type(made), made), (CombinedMultiDict, self.both))
            self.assertIsNot(made.dicts[0], self.both.dicts[0])

    def test_it_shows_what_it_is_made_of(self):
        self.assertEqual(
            repr(CombinedMultiDict([self.first])), "CombinedMultiDict([MultiDict([('a', '1'), ('b', 'x')])])"
        )


COOKIES = [("Content-Type", "text/html"), ("Set-Cookie", "a=1"), ("X-Count", "5"), ("set-cookie", "b=2")]


class HeadersTest(unittest.TestCase):
    """Fields in their order, names in any case."""

    def setUp(self):
        self.headers = Headers(COOKIES)

    def test_it_is_made_of_pairs_a_dict_or_other_headers(self):
        for source, expected in [
            (COOKIES, COOKIES),
            (iter(COOKIES), COOKIES),
            (Headers(COOKIES), COOKIES),
            (
                {"A": "1", "B": ["2", "3"], "C": ("4",), "D": {"5"}, "E": []},
                [("A", "1"), ("B", "2"), ("B", "3"), ("C", "4"), ("D", "5")],
            ),
            (MultiDict([("A", "1"), ("A", "2")]), [("A", "1"), ("A", "2")]),
            (EnvironHeaders({"HTTP_HOST": "a", "HTTP_X_B": "c"}), [("Host", "a"), ("X-B", "c")]),
            (None, []),
            ({}, []),
        ]:
            with self.subTest(source):
                self.assertEqual(list(Headers(source)), expected)

    def test_a_name_is_found_in_any_case(self):
        for name in ["Set-Cookie", "set-cookie", "SET-COOKIE"]:
            with self.subTest(name):
                self.assertEqual((self.headers[name], self.headers.get(name)), ("a=1", "a=1"))
                self.assertEqual(self.headers.getlist(name), ["a=1", "b=2"])
                self.assertEqual(self.headers.get_all(name), ["a=1", "b=2"])
                self.assertIn(name, self.headers)
        self.assertNotIn("Cookie", self.headers)
        self.assertNotIn(5, self.headers)

    def test_a_missing_name_is_a_bad_request_and_a_key_error(self):
        for look in [lambda: self.headers["Age"], lambda: self.headers.pop("Age")]:
            with self.assertRaises(BadRequestKeyError):
                look()
        self.assertEqual((self.headers.get("Age"), self.headers.get("Age", "0")), (None, "0"))

    def test_a_type_converts_and_what_does_not_fit_is_the_default(self):
        self.assertEqual((self.headers.get("X-Count", type=int), self.headers.get("Content-Type", 7, int)), (5, 7))
        self.headers.add("X-Count", "many")
        self.assertEqual(self.headers.getlist("X-Count", type=int), [5])

    def test_it_is_a_list_of_fields_too(self):
        self.assertEqual((self.headers[0], self.headers[-1], len(self.headers)), (COOKIES[0], COOKIES[-1], 4))
        self.assertEqual((type(self.headers[1:3]), list(self.headers[1:3])), (Headers, COOKIES[1:3]))
        self.headers[0] = ("A", 1)
        self.headers[2:] = [("B", "2")]
        self.assertEqual(list(self.headers), [("A", "1"), ("Set-Cookie", "a=1"), ("B", "2")])
        del self.headers[0], self.headers[1:]
        self.assertEqual(list(self.headers), [("Set-Cookie", "a=1")])
        self.assertRaises(IndexError, lambda: self.headers[1])

    def test_names_and_values_come_in_order_and_in_lower_case_if_asked(self):
        self.assertEqual(list(self.headers.items()), COOKIES)
        self.assertEqual(list(self.headers.keys(lower=True)), ["content-type", "set-cookie", "x-count", "set-cookie"])
        self.assertEqual(list(self.headers.values()), ["text/html", "a=1", "5", "b=2"])
        self.assertEqual(dict(self.headers)["Set-Cookie"], "a=1")

    def test_setting_replaces_all_at_the_place_of_the_first(self):
        self.headers["SET-COOKIE"] = "c=3"
        self.assertEqual(list(self.headers), [COOKIES[0], ("SET-COOKIE", "c=3"), COOKIES[2]])
        self.headers.set("Age", 60)
        self.assertEqual(self.headers[-1], ("Age", "60"))

    def test_adding_adds(self):
        self.headers.add("Set-Cookie", "c=3")
        self.headers.add_header("Age", 60)
        self.assertEqual(list(self.headers), [*COOKIES, ("Set-Cookie", "c=3"), ("Age", "60")])

    def test_keyword_arguments_become_parameters(self):
        headers = Headers()
        headers.add("Content-Disposition", "attachment", filename="a b.txt")
        headers.set("X", "y", max_age=5, gone=None)
        self.assertEqual(
            list(headers), [("Content-Disposition", 'attachment; filename="a b.txt"'), ("X", "y; max-age=5")]
        )
        headers.set("Content-Disposition", "attachment", **{"filename*": "UTF-8''%E2%9C%93.txt"})
        self.assertEqual(headers[0][1], "attachment; filename*=UTF-8''%E2%9C%93.txt")

    def test_lists_of_values_are_set_and_asked_for_at_once(self):
        self.headers.setlist("Set-Cookie", ["c=3", "d=4"])
        self.assertEqual(self.headers.getlist("set-cookie"), ["c=3", "d=4"])
        self.headers.setlist("Set-Cookie", iter(()))
        self.assertNotIn("Set-Cookie", self.headers)
        self.assertEqual(self.headers.setlistdefault("Via", ["a", "b"]), ["a", "b"])
        self.assertEqual(self.headers.setlistdefault("via", ["c"]), ["a", "b"])
        self.assertEqual(self.headers.setdefault("Via", "c"), "a")
        self.assertEqual(self.headers.setdefault("Age", 60), "60")

    def test_extending_adds_and_updating_replaces(self):
        for source, extended, updated in [
            ({"x-count": 6}, ["5", "6"], ["6"]),
            ({"x-count": ["6", "7"]}, ["5", "6", "7"], ["6", "7"]),
            ({"x-count": []}, ["5"], []),
            ([("x-count", "6"), ("X-Count", "7")], ["5", "6", "7"], ["7"]),
            (Headers([("x-count", "6"), ("X-Count", "7")]), ["5", "6", "7"], ["6", "7"]),
            (MultiDict([("x-count", "6"), ("x-count", "7")]), ["5", "6", "7"], ["6", "7"]),
            (EnvironHeaders({"HTTP_X_COUNT": "6"}), ["5", "6"], ["6"]),
            (None, ["5"], ["5"]),
        ]:
            with self.subTest(source):
                one, other = Headers(COOKIES), Headers(COOKIES)
                one.extend(source)
                other.update(source)
                self.assertEqual((one.getlist("X-Count"), other.getlist("X-Count")), (extended, updated))
                self.assertEqual((one.getlist("Set-Cookie"), other.getlist("Set-Cookie")), (["a=1", "b=2"],) * 2)
        self.headers.extend(Age="1")
        self.headers.update({"Age": "2"}, Via=["a", "b"])
        self.assertEqual((self.headers.getlist("Age"), self.headers.getlist("Via")), (["2"], ["a", "b"]))
        for method in [self.headers.extend, self.headers.update]:
            self.assertRaises(TypeError, method, {}, {})

    def test_it_may_be_extended_and_updated_with_itself(self):
        self.headers.update(self.headers)
        self.assertEqual(self.headers, Headers(COOKIES))
        self.headers.extend(self.headers)
        self.assertEqual(len(self.headers), 8)

    def test_two_can_be_joined(self):
        joined = self.headers | {"x-count": "6"}
        self.assertEqual((joined["X-Count"], self.headers["X-Count"]), ("6", "5"))
        self.headers |= [("x-count", "7")]
        self.assertEqual(self.headers.getlist("X-Count"), ["7"])
        for wrong in [None, 5]:
            with self.assertRaises(TypeError):
                self.headers |= wrong
            with self.assertRaises(TypeError):
                self.headers | wrong

    def test_removing_takes_all_of_a_name(self):
        self.headers.remove("Set-cookie")
        self.headers.remove("nothing")
        del self.headers["x-count"], self.headers["nothing"]
        self.assertEqual(list(self.headers), COOKIES[:1])
        self.headers.clear()
        self.assertFalse(self.headers)

    def test_taking_out_gives_a_value_or_a_field(self):
        self.assertEqual((self.headers.pop("set-cookie"), "Set-Cookie" in self.headers), ("a=1", False))
        self.assertEqual((self.headers.pop("Age", "0"), self.headers.pop("Age", default=None)), ("0", None))
        self.assertEqual((self.headers.pop(0), self.headers.popitem()), (COOKIES[0], COOKIES[2]))
        self.assertRaises(IndexError, self.headers.pop)

    def test_equal_are_those_that_say_the_same(self):
        self.assertEqual(self.headers, Headers([(name.upper(), value) for name, value in reversed(COOKIES)]))
        self.assertNotEqual(self.headers, Headers(COOKIES[:3]))
        self.assertNotEqual(Headers(COOKIES[:1] * 2), Headers(COOKIES[:1]))
        self.assertNotEqual(self.headers, COOKIES)
        self.assertRaises(TypeError, hash, self.headers)

    def test_copies_are_of_their_own(self):
        for other in [
            self.headers.copy(),
            copy.copy(self.headers),
            copy.deepcopy(self.headers),
            Headers(self.headers),
            pickle.loads(pickle.dumps(self.headers)),
        ]:
            self.assertEqual(other, self.headers)
            other.clear()
            self.assertEqual(len(self.headers), 4)
        self.headers.to_wsgi_list().clear()
        self.assertEqual(self.headers.to_wsgi_list(), COOKIES)

    def test_it_shows_itself_as_it_is_sent(self):
        self.assertEqual(str(self.headers[:2]), "Content-Type: text/html\r\nSet-Cookie: a=1\r\n\r\n")
        self.assertEqual(repr(self.headers[:1]), "Headers([('Content-Type', 'text/html')])")


class InjectionTest(unittest.TestCase):
    """Nothing that is put into Headers, in whatever way, starts a second field."""

    WAYS = {
        "Headers(list)": lambda name, value: Headers([(name, value)]),
        "Headers(dict)": lambda name, value: Headers({name: value}),
        "Headers(dict of lists)": lambda name, value: Headers({name: [value]}),
        "Headers(MultiDict)": lambda name, value: Headers(MultiDict([(name, value)])),
        "add": lambda name, value: Headers().add(name, value),
        "add_header": lambda name, value: Headers().add_header(name, value),
        "set": lambda name, value: Headers().set(name, value),
        "[name]": lambda name, value: Headers().__setitem__(name, value),
        "[0]": lambda name, value: Headers([("A", "b")]).__setitem__(0, (name, value)),
        "[:]": lambda name, value: Headers().__setitem__(slice(None), [(name, value)]),
        "setdefault": lambda name, value: Headers().setdefault(name, value),
        "setlist": lambda name, value: Headers().setlist(name, ["a", value]),
        "setlistdefault": lambda name, value: Headers().setlistdefault(name, [value]),
        "extend": lambda name, value: Headers().extend([(name, value)]),
        "update": lambda name, value: Headers().update({name: value}),
        "update(pairs)": lambda name, value: Headers().update([(name, value)]),
        "|=": lambda name, value: Headers().__ior__({name: value}),
        "|": lambda name, value: Headers() | {name: value},
    }

    def test_a_control_character_in_a_value_is_refused(self):
        for way, put in self.WAYS.items():
            for value in ["b\r\nSet-Cookie: c=d", "b\nC: d", "b\rC: d", "b\0", "\x1b[2J", "b\x7f", "b\r\n c", "b\n"]:
                with self.subTest(way, value=value), self.assertRaisesRegex(ValueError, "header A: "):
                    put("A", value)

    def test_a_name_is_a_token(self):
        for way, put in self.WAYS.items():
            for name in ["A\r\nB", "A\n", "A:", "A B", "", "Ä", "A\0"]:
                with self.subTest(way, name=name), self.assertRaisesRegex(ValueError, "header name"):
                    put(name, "b")

    def test_bytes_and_what_latin_1_cannot_say_are_refused(self):
        for way, put in self.WAYS.items():
            with self.subTest(way):
                self.assertRaises(TypeError, put, "A", b"b")
                self.assertRaises(ValueError, put, "A", "\u2713")

    def test_a_parameter_cannot_bring_in_a_field(self):
        for value in ["a\r\nB: c", "a\n"]:
            with self.subTest(value), self.assertRaises(ValueError):
                Headers().add("Content-Disposition", "attachment", name=value)

    def test_what_a_lax_server_let_through_is_not_copied(self):
        self.assertRaises(ValueError, Headers, EnvironHeaders({"HTTP_A": "b\r\nC: d"}))


class EnvironHeadersTest(unittest.TestCase):
    """The fields of a request as WSGI has them (PEP 3333, "environ Variables")."""

    def setUp(self):
        self.environ = {
            "REQUEST_METHOD": "GET",
            "HTTP_HOST": "example.com",
            "HTTP_X_FORWARDED_FOR": "::1",
            "CONTENT_TYPE": "text/plain",
            "CONTENT_LENGTH": "",
            "HTTP_CONTENT_TYPE": "text/evil",
            "wsgi.input": None,
        }
        self.headers = EnvironHeaders(self.environ)

    def test_only_the_fields_are_there(self):
        fields = [("Host", "example.com"), ("X-Forwarded-For", "::1"), ("Content-Type", "text/plain")]
        self.assertEqual((list(self.headers), len(self.headers)), (fields, 3))
        self.assertEqual((self.headers.to_wsgi_list(), list(self.headers.items())), (fields, fields))
        self.assertEqual(list(self.headers.keys(lower=True)), ["host", "x-forwarded-for", "content-type"])
        self.assertEqual((list(Headers(self.headers)), self.headers), (fields, Headers(fields)))
        self.assertIn("Host: example.com\r\n", str(self.headers))

    def test_a_name_is_found_in_any_case(self):
        for name, value in [
            ("host", "example.com"),
            ("X-FORWARDED-FOR", "::1"),
            ("content-type", "text/plain"),
            ("Content-Length", None),
            ("Method", None),
            ("wsgi.input", None),
        ]:
            with self.subTest(name):
                self.assertEqual((self.headers.get(name), name in self.headers), (value, value is not None))
                self.assertEqual(self.headers.getlist(name), [] if value is None else [value])
        self.assertRaises(BadRequestKeyError, lambda: self.headers["Content-Length"])
        self.assertEqual((self.headers.get("Age", 5, int), self.headers.get("Host", 5, int)), (5, 5))

    def test_it_is_a_view(self):
        self.environ["CONTENT_LENGTH"] = "5"
        self.assertEqual((self.headers["Content-Length"], len(self.headers)), ("5", 4))

    def test_it_has_no_order(self):
        for look in [lambda: self.headers[0], lambda: self.headers[:1]]:
            with self.assertRaisesRegex(KeyError, "no order"):
                look()

    def test_every_way_to_change_it_is_refused(self):
        for name, arguments in [
            *((name, ("A", "b")) for name in ["__setitem__", "add", "add_header", "set", "setdefault", "setlist"]),
            *((name, ({"A": "b"},)) for name in ["extend", "update", "__ior__"]),
            *((name, ("Host",)) for name in ["__delitem__", "remove", "pop"]),
            *((name, ()) for name in ["popitem", "clear"]),
            ("setlistdefault", ("A", ["b"])),
        ]:
            with self.subTest(name), self.assertRaisesRegex(TypeError, "EnvironHeaders cannot be changed"):
                getattr(self.headers, name)(*arguments)
        for make in [self.headers.copy, lambda: copy.copy(self.headers), lambda: self.headers | {"A": "b"}]:
            with self.assertRaisesRegex(TypeError, "Headers"):
                make()


class CallbackDictTest(unittest.TestCase):
    def setUp(self):
        self.changes = []
        self.shelf = CallbackDict({"a": 1}, lambda shelf: self.changes.append(dict(shelf)))

    def test_every_change_is_told_after_it_happened(self):
        for name, change, expected in [
            ("set", lambda shelf: shelf.__setitem__("b", 2), {"a": 1, "b": 2}),
            ("del", lambda shelf: shelf.__delitem__("a"), {}),
            ("setdefault", lambda shelf: shelf.setdefault("b", 2), {"a": 1, "b": 2}),
            ("pop", lambda shelf: shelf.pop("a"), {}),
            ("pop with default", lambda shelf: shelf.pop("a", None), {}),
            ("popitem", lambda shelf: shelf.popitem(), {}),
            ("clear", lambda shelf: shelf.clear(), {}),
            ("update", lambda shelf: shelf.update({"b": 2}, c=3), {"a": 1, "b": 2, "c": 3}),
            ("|=", lambda shelf: shelf.__ior__({"b": 2}), {"a": 1, "b": 2}),
        ]:
            with self.subTest(name):
                self.setUp()
                change(self.shelf)
                self.assertEqual((self.changes, self.shelf), ([expected], expected))

    def test_looking_is_no_change(self):
        self.shelf.setdefault("a", 2)
        self.assertIsNone(self.shelf.pop("z", None))
        self.assertEqual((self.shelf["a"], self.shelf.get("z"), [*self.shelf]), (1, None, ["a"]))
        for fail in [lambda: self.shelf.pop("z"), lambda: self.shelf.__delitem__("z")]:
            self.assertRaises(KeyError, fail)
        self.assertEqual(self.changes, [])

    def test_it_can_do_without_anybody_to_tell(self):
        quiet = CallbackDict([("a", 1)])
        quiet["b"] = 2
        self.assertEqual(quiet, {"a": 1, "b": 2})
        self.assertEqual(CallbackDict(), {})
        self.assertEqual(pickle.loads(pickle.dumps(quiet)), quiet)
        self.assertEqual(copy.deepcopy(quiet), quiet)
        self.assertEqual(repr(quiet), "<CallbackDict {'a': 1, 'b': 2}>")


class FileStorageTest(unittest.TestCase):
    def test_it_reads_like_the_file_that_it_is(self):
        file = FileStorage(io.BytesIO(b"one\ntwo\n"), "a.txt", "upload", "text/plain; charset=utf-8", 8)
        self.assertEqual((file.filename, file.name, file.content_length), ("a.txt", "upload", 8))
        self.assertEqual((file.mimetype, file.mimetype_params), ("text/plain", {"charset": "utf-8"}))
        self.assertEqual((file.readline(), file.tell(), list(file)), (b"one\n", 4, [b"two\n"]))
        file.seek(0)
        self.assertEqual(file.read(), b"one\ntwo\n")
        self.assertEqual(repr(file), "<FileStorage: 'a.txt' ('text/plain; charset=utf-8')>")
        file.close()
        self.assertTrue(file.stream.closed)

    def test_a_field_that_was_left_empty_is_false(self):
        self.assertFalse(FileStorage(filename=""))
        self.assertFalse(FileStorage())
        self.assertTrue(FileStorage(filename="a"))

    def test_a_length_that_is_no_number_is_none(self):
        for value, length in [
            (None, 0),
            ("5", 5),
            ("", 0),
            ("-5", 0),
            ("+5", 0),
            ("5_0", 0),
            ("٥", 0),
            ("9" * 5000, 0),
        ]:
            with self.subTest(value):
                file = FileStorage()
                if value is not None:
                    file.headers._list.append(("Content-Length", value))
                self.assertEqual(file.content_length, length)

    def test_it_is_saved_to_a_path_or_an_open_file(self):
        with tempfile.TemporaryDirectory() as folder:
            for target in [f"{folder}/a", pathlib.Path(folder, "b")]:
                FileStorage(io.BytesIO(b"data")).save(target)
                self.assertEqual(pathlib.Path(target).read_bytes(), b"data")
            self.assertRaises(FileNotFoundError, FileStorage().save, f"{folder}/nowhere/c")
        target, file = io.BytesIO(), FileStorage(io.BytesIO(b"read, and the rest"))
        file.read(10)
        file.save(target, buffer_size=2)
        self.assertEqual((target.getvalue(), target.closed), (b"the rest", False))

    def test_the_name_of_an_open_file_is_its_own(self):
        with tempfile.NamedTemporaryFile() as file:
            self.assertEqual(FileStorage(file).filename, file.name)
            self.assertEqual(FileStorage(file, "other").filename, "other")
        with tempfile.TemporaryFile() as file:  # its name is a number
            self.assertIsNone(FileStorage(file).filename)
        stream = io.BytesIO()
        for name, filename in [("<stdin>", None), (b"a", "a"), ("", None)]:
            stream = type("Named", (io.BytesIO,), {"name": name})()
            self.assertEqual(FileStorage(stream).filename, filename)

    def test_a_spooled_file_is_a_file_on_every_python(self):
        with tempfile.SpooledTemporaryFile(max_size=10) as spooled:
            file = FileStorage(spooled, "a")
            for data in [b"short", b"longer than ten"]:
                spooled.write(data)
                self.assertTrue(file.seekable() and file.readable() and file.writable())

    def test_what_it_has_not_is_an_attribute_error(self):
        with self.assertRaisesRegex(AttributeError, "neither FileStorage nor its stream has 'nothing'"):
            FileStorage().nothing  # noqa: B018
        self.assertEqual(copy.copy(FileStorage(filename="a")).filename, "a")


if __name__ == "__main__":
    unittest.main()
