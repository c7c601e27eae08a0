import collections
import decimal
import unittest

from nanoweb.markup import Markup
from nanoweb.template import Environment
from nanoweb.template.tests import TESTS

ENVIRONMENT = Environment()


class Broken:
    """Its length cannot be told."""

    def __len__(self):
        raise RuntimeError

    def __getitem__(self, key):
        raise RuntimeError


class TemplateTestTest(unittest.TestCase):
    """What "is" says of values."""

    def test_all_documented_tests_are_there(self):
        documented = """boolean callable defined divisibleby eq == equalto escaped even false filter float ge >= gt >
            greaterthan in integer iterable le <= lessthan lower lt < mapping ne != none number odd sameas sequence
            string test true undefined upper"""
        self.assertEqual(set(TESTS), set(documented.split()))

    def test_each_test_says_yes_to_its_own_alone(self):
        values = {
            "undefined": None,
            "none": None,
            "true": True,
            "false": False,
            "zero": 0,
            "one": 1,
            "half": 0.5,
            "decimal": decimal.Decimal(3),
            "empty": "",
            "small": "abc",
            "large": "ABC",
            "markup": Markup("abc"),
            "list": [1],
            "dict": {},
            "ordered": collections.OrderedDict(),
            "set": {1},
            "iterator": iter([1]),
            "function": len,
            "broken": Broken(),
        }
        for name, expected in [
            ("defined", set(values) - {"undefined"}),
            ("undefined", {"undefined"}),
            ("none", {"none"}),
            ("boolean", {"true", "false"}),
            ("true", {"true"}),
            ("false", {"false"}),
            ("integer", {"zero", "one"}),
            ("float", {"half"}),
            ("number", {"true", "false", "zero", "one", "half", "decimal"}),
            ("string", {"empty", "small", "large", "markup"}),
            ("upper", {"large"}),
            ("escaped", {"markup"}),
            ("mapping", {"dict", "ordered"}),
            ("sequence", {"undefined", "empty", "small", "large", "markup", "list", "dict", "ordered"}),
            ("callable", {"function", "undefined"}),
        ]:
            template = ENVIRONMENT.from_string("{{ x is " + name + " }}")
            for key, value in values.items():
                with self.subTest(f"{key} is {name}"):
                    given = {} if key == "undefined" else {"x": value}
                    self.assertEqual(template.render(given), str(key in expected))

    def test_iterable(self):
        for value, expected in [
            ("", True),
            ([], True),
            (iter([]), True),
            ({}, True),
            (5, False),
            (None, False),
            (len, False),
        ]:
            with self.subTest(value):
                self.assertEqual(ENVIRONMENT.from_string("{{ x is iterable }}").render(x=value), str(expected))

    def test_comparisons_and_arithmetic(self):
        for source, expected in [
            ("{{ 3 is odd }} {{ 4 is odd }} {{ 4 is even }} {{ 3 is even }}", "True False True False"),
            ("{{ 6 is divisibleby 3 }} {{ 6 is divisibleby(4) }}", "True False"),
            (
                "{{ 1 is eq 1 }} {{ 1 is equalto 2 }} {{ 1 is sameas 1 }} {{ [] is sameas [] }}",
                "True False True False",
            ),
            ("{{ 1 is ne 2 }} {{ 1 is lt 2 }} {{ 1 is lessthan 1 }} {{ 1 is le 1 }}", "True True False True"),
            ("{{ 2 is gt 1 }} {{ 1 is greaterthan 1 }} {{ 1 is ge 1 }}", "True False True"),
            ("{{ 1 is in [1, 2] }} {{ 'x' is in 'abc' }} {{ 'a' is not in {'a': 1} }}", "True False False"),
            ("{{ 'abc' is lower }} {{ 'Abc' is lower }} {{ 'AB' is upper }}", "True False True"),
            (
                "{{ [1, 2]|select('==', 2)|list }}{{ [1, 2]|select('>=', 2)|list }}{{ [1, 2]|select('<', 2)|list }}",
                "[2][2][1]",
            ),
        ]:
            with self.subTest(source):
                self.assertEqual(ENVIRONMENT.from_string(source).render(), expected)

    def test_templates_can_ask_for_filters_and_tests(self):
        source = "{{ 'upper' is filter }} {{ 'nosuch' is filter }} {{ 'odd' is test }} {{ 'nosuch' is test }}"
        self.assertEqual(ENVIRONMENT.from_string(source).render(), "True False True False")
