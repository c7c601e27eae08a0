import copy
import json
import pickle
import unittest

from nanoweb.dicts import (
    CallbackDict,
    CombinedMultiDict,
    ImmutableDict,
    ImmutableList,
    ImmutableMultiDict,
    ImmutableTypeConversionDict,
    MultiDict,
    TypeConversionDict,
    iter_multi_items,
)
from nanoweb.exceptions import BadRequest, BadRequestKeyError
from nanoweb.fields import Headers

PAIRS = [("a", "1"), ("b", "2"), ("a", "3"), ("c", "x")]


def copies(value):
    """Yield (how, copy) for every way to copy a value."""
    yield "copy", copy.copy(value)
    yield "deepcopy", copy.deepcopy(value)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        yield f"pickle {protocol}", pickle.loads(pickle.dumps(value, protocol))


class Form(MultiDict):
    """One that is made in another way."""

    def __init__(self, source, pairs):
        super().__init__(pairs)
        self.source = source


class FinalForm(ImmutableMultiDict):
    def __init__(self, source, pairs):
        super().__init__(pairs)
        self.source = source


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
        self.args |= [("e", "five")]
        self.assertEqual(
            self.args.to_dict(flat=False),
            {"a": ["9"], "b": ["2", "8", "7"], "c": ["y", "z"], "d": ["6"], "e": ["five"]},
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
        first = {"a": "1", "b": "2", "c": "x"}
        self.assertEqual((dict(self.args.items()), self.args.to_dict()), (first, first))
        self.assertEqual((list(self.args.values()), len(self.args)), (["1", "2", "x"], 4))
        for name, other in [*copies(self.args), ("another", MultiDict(self.args)), ("copy()", self.args.copy())]:
            self.assertIn("empty", other, name)
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

    def test_one_that_holds_itself_can_be_copied(self):
        args = MultiDict()
        args.add("self", args)
        for other in [copy.deepcopy(args), pickle.loads(pickle.dumps(args))]:
            self.assertIs(other["self"], other)

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
        class Own(MultiDict):
            pass

        for other in [Own(PAIRS).copy(), Own(PAIRS) | {}, copy.deepcopy(Own(PAIRS)), Own.fromkeys("ab", "1")]:
            self.assertIs(type(other), Own)

    def test_a_subclass_with_other_arguments_is_copied_with_its_values_and_its_attributes(self):
        for form in [Form("page", PAIRS), FinalForm("page", PAIRS)]:
            for name, other in [*copies(form), ("deepcopy()", form.deepcopy())]:
                with self.subTest(type(form).__name__, how=name):
                    self.assertEqual((type(other), other, other.source), (type(form), form, "page"))
        for other in [Form("page", PAIRS).copy(), Form("page", PAIRS) | {}]:
            self.assertEqual((type(other), other, other.source), (Form, MultiDict(PAIRS), "page"))

    def test_the_types_in_brackets_are_for_type_checkers_only(self):
        self.assertEqual(MultiDict[str, str](PAIRS), self.args)

    def test_what_it_is_made_of_can_be_read_pair_by_pair(self):
        for source, expected in [
            (PAIRS, PAIRS),
            (self.args, [("a", "1"), ("a", "3"), ("b", "2"), ("c", "x")]),
            ({"a": ["1", "2"], "b": ("3",), "c": "45", "d": []}, [("a", "1"), ("a", "2"), ("b", "3"), ("c", "45")]),
            (Headers([("A", "1"), ("A", "2")]), [("A", "1"), ("A", "2")]),
        ]:
            with self.subTest(source):
                self.assertEqual(list(iter_multi_items(source)), expected)


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
        for name, other in copies(args):
            self.assertEqual((type(other), other), (ImmutableMultiDict, args), name)
        made = ImmutableMultiDict.fromkeys("ab", ["1", "2"])
        self.assertEqual((type(made), made["a"]), (ImmutableMultiDict, ["1", "2"]))

    def test_equal_ones_have_the_same_hash(self):
        self.assertEqual(len({ImmutableMultiDict(PAIRS), ImmutableMultiDict(sorted(PAIRS))}), 1)
        with self.assertRaises(TypeError):
            hash(MultiDict(PAIRS))


class TypeConversionDictTest(unittest.TestCase):
    """A look-up that converts; a MultiDict is one of these."""

    def test_what_does_not_convert_is_the_default(self):
        for cls in [TypeConversionDict, ImmutableTypeConversionDict]:
            args = cls({"a": "1", "b": "x", "none": None})
            for key, default, type, expected in [
                ("a", None, None, "1"),
                ("a", None, int, 1),
                ("b", 7, int, 7),
                ("none", 7, int, 7),
                ("none", 7, None, None),
                ("z", 7, int, 7),
                ("z", None, None, None),
            ]:
                with self.subTest(cls.__name__, key=key, default=default):
                    self.assertEqual(args.get(key, default, type), expected)
        self.assertIsInstance(MultiDict(), TypeConversionDict)

    def test_one_that_cannot_be_changed_gives_a_copy_that_can(self):
        args = ImmutableTypeConversionDict(a="1")
        self.assertRaises(TypeError, args.update, {"a": "2"})
        changed = args.copy()
        changed["a"] = "2"
        self.assertEqual((type(changed), args["a"]), (TypeConversionDict, "1"))
        for name, other in copies(args):
            self.assertEqual((type(other), other), (ImmutableTypeConversionDict, args), name)


class ImmutableTest(unittest.TestCase):
    """ImmutableDict and ImmutableList: what they hold when they are made, they hold for good."""

    def test_every_way_to_change_a_dict_is_refused(self):
        shelf = ImmutableDict(a=1)
        for name, change in {
            "set": lambda: shelf.__setitem__("a", 2),
            "del": lambda: shelf.__delitem__("a"),
            "setdefault": lambda: shelf.setdefault("b", 2),
            "update": lambda: shelf.update(a=2),
            "|=": lambda: shelf.__ior__({"a": 2}),
            "pop": lambda: shelf.pop("a"),
            "popitem": shelf.popitem,
            "clear": shelf.clear,
        }.items():
            with self.subTest(name), self.assertRaisesRegex(TypeError, "ImmutableDict cannot be changed"):
                change()
        self.assertEqual((shelf, repr(shelf)), ({"a": 1}, "ImmutableDict({'a': 1})"))

    def test_every_way_to_change_a_list_is_refused(self):
        row = ImmutableList([2, 1])
        for name, change in {
            "set": lambda: row.__setitem__(0, 1),
            "set a slice": lambda: row.__setitem__(slice(0, 1), []),
            "del": lambda: row.__delitem__(0),
            "append": lambda: row.append(1),
            "extend": lambda: row.extend([1]),
            "+=": lambda: row.__iadd__([1]),
            "*=": lambda: row.__imul__(2),
            "insert": lambda: row.insert(0, 1),
            "remove": lambda: row.remove(1),
            "pop": row.pop,
            "clear": row.clear,
            "reverse": row.reverse,
            "sort": row.sort,
        }.items():
            with self.subTest(name), self.assertRaisesRegex(TypeError, "ImmutableList cannot be changed"):
                change()
        self.assertEqual((row, repr(row)), ([2, 1], "ImmutableList([2, 1])"))

    def test_they_are_keys_and_copies_are_equal(self):
        for value in [ImmutableDict(a=1), ImmutableList([1, 2])]:
            self.assertEqual(hash(value), hash(type(value)(value)))
            for name, other in copies(value):
                self.assertEqual((type(other), other), (type(value), value), name)
        self.assertEqual((type(ImmutableDict(a=1).copy()), type(ImmutableDict(a=1) | {"b": 2})), (dict, dict))
        self.assertEqual(type(ImmutableList([1]).copy()), list)
        made = ImmutableDict.fromkeys("ab", 1)
        self.assertEqual((type(made), made), (ImmutableDict, {"a": 1, "b": 1}))


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

    def test_a_key_without_values_leaves_the_answer_to_the_next(self):
        self.first.setlist("c", [])
        self.first.setlist("empty", [])
        self.assertEqual((self.both["c"], self.both.get("c"), self.both.get("c", type=int)), ("3", "3", 3))
        self.assertEqual((self.both.get("empty", "0"), "empty" in self.both), ("0", True))
        self.assertRaises(BadRequestKeyError, lambda: self.both["empty"])

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
        for indent in [None, 2]:  # the one is written by C, the other is not
            self.assertEqual(json.loads(json.dumps(self.both, indent=indent)), flat)
            self.assertEqual(json.loads(json.dumps(CombinedMultiDict(), indent=indent)), {})
        self.assertTrue(self.both and "c" in self.both and "z" not in self.both and None not in self.both)
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

        class Named(CombinedMultiDict):
            def __init__(self, name, dicts):
                super().__init__(dicts)
                self.name = name

        for made in [copy.deepcopy(self.both), self.both.deepcopy(), pickle.loads(pickle.dumps(self.both))]:
            self.assertEqual((type(made), made), (CombinedMultiDict, self.both))
            self.assertIsNot(made.dicts[0], self.both.dicts[0])
            self.assertEqual(json.loads(json.dumps(made)), {"a": "1", "b": "x", "c": "3"})
        made = copy.deepcopy(Named("both", self.both.dicts))
        self.assertEqual((made, made.name), (self.both, "both"))

    def test_it_shows_what_it_is_made_of(self):
        self.assertEqual(
            repr(CombinedMultiDict([self.first])), "CombinedMultiDict([MultiDict([('a', '1'), ('b', 'x')])])"
        )


def note(shelf):
    shelf.noted = [*shelf]


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
            ("pop with default=", lambda shelf: shelf.pop("a", default=None), {}),
            ("setdefault without", lambda shelf: shelf.setdefault("b"), {"a": 1, "b": None}),
            ("popitem", lambda shelf: shelf.popitem(), {}),
            ("clear", lambda shelf: shelf.clear(), {}),
            ("update", lambda shelf: shelf.update({"b": 2}, c=3), {"a": 1, "b": 2, "c": 3}),
            ("|=", lambda shelf: shelf.__ior__({"b": 2}), {"a": 1, "b": 2}),
        ]:
            with self.subTest(name):
                self.setUp()
                change(self.shelf)
                self.assertEqual((self.changes, self.shelf), ([expected], expected))

    def test_what_is_taken_out_or_joined_is_given_back(self):
        shelf = self.shelf
        shelf |= {"b": 2}
        self.assertIs(shelf, self.shelf)
        self.assertEqual((shelf.popitem(), shelf.pop("a"), shelf.setdefault("c", 3)), (("b", 2), 1, 3))

    def test_looking_is_no_change(self):
        self.shelf.setdefault("a", 2)
        self.assertEqual((self.shelf.setdefault("a", default=2), self.shelf.pop("z", default=None)), (1, None))
        self.assertEqual((self.shelf["a"], self.shelf.get("z"), [*self.shelf]), (1, None, ["a"]))
        for fail in [lambda: self.shelf.pop("z"), lambda: self.shelf.__delitem__("z")]:
            self.assertRaises(KeyError, fail)
        self.assertEqual(self.changes, [])

    def test_a_callback_that_raises_keeps_nothing_from_being_changed(self):
        shelf = CallbackDict({"a": 1}, lambda shelf: {}["x"])
        with self.assertRaisesRegex(KeyError, "x"):
            shelf["b"] = 2
        self.assertEqual(shelf, {"a": 1, "b": 2})

    def test_a_copy_is_made_without_telling_and_tells_then(self):
        shelf = CallbackDict({"a": 1, "b": 2}, note)
        for name, other in copies(shelf):
            with self.subTest(name):
                self.assertEqual((type(other), other, vars(other)), (CallbackDict, shelf, {"on_update": note}))
                other["c"] = 3
                self.assertEqual((other.noted, hasattr(shelf, "noted")), (["a", "b", "c"], False))
        self.assertIs(type(shelf.copy()), dict)

    def test_a_subclass_takes_part_in_every_change(self):
        class Lower(dict):
            def __setitem__(self, key, value):
                super().__setitem__(key.lower(), value)

            def pop(self, key, *default):
                return super().pop(key.lower(), *default)

        class Both(CallbackDict, Lower):
            def clear(self):
                super().clear()
                self["cleared"] = True

        shelf = Both({"a": 1}, lambda shelf: self.changes.append(dict(shelf)))
        shelf["B"] = 2
        self.assertEqual((shelf.pop("B"), shelf.pop("Z", 0)), (2, 0))
        shelf.clear()
        self.assertEqual(self.changes, [{"a": 1, "b": 2}, {"a": 1}, {}, {"cleared": True}])

    def test_it_can_do_without_anybody_to_tell(self):
        quiet = CallbackDict([("a", 1)])
        quiet.update(None)
        quiet["b"] = 2
        self.assertEqual(quiet, {"a": 1, "b": 2})
        self.assertEqual(CallbackDict(), {})
        self.assertEqual(pickle.loads(pickle.dumps(quiet)), quiet)
        self.assertEqual(copy.deepcopy(quiet), quiet)
        self.assertEqual(repr(quiet), "<CallbackDict {'a': 1, 'b': 2}>")


if __name__ == "__main__":
    unittest.main()
