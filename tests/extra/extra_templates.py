"""Templates on Jinja2 and on nanoweb: each the same page, or the same error at the same line.

    python -m unittest tests.extra.extra_templates
    TEMPLATES_SEED=6 TEMPLATES_EXAMPLES=20000 python -m unittest tests.extra.extra_templates

Development equipment, not part of the test command: pip install --group dev --group oracle.  Without Jinja2 and
Hypothesis this fails, and is not skipped.

Three ways: the table of template_cases.py; templates that Hypothesis composes from the grammar; every filter and test
with values and arguments of every kind.  Where the engines differ, an excuse must explain it: each holds a sentence
of docs/differences.md, and must be needed.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import gc
import itertools
import os
import random
import re
import traceback
import types
import unittest
import warnings
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import jinja2
import jinja2.filters
import jinja2.tests
import markupsafe
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

import nanoweb.markup
import nanoweb.template
from nanoweb.template import filters as our_filters
from nanoweb.template import tests as our_tests
from tests.extra.template_cases import FILES, Html, Thing, all_cases, data

DOCUMENTED = Path(__file__).resolve().parents[2] / "docs" / "differences.md"
SEED = int(os.environ.get("TEMPLATES_SEED", "7"))
EXAMPLES = int(os.environ.get("TEMPLATES_EXAMPLES", "1500"))
MODES = ["write", "yield", "async"]


# Running


class Failure:
    """What a template ends with that does not render: the same class of error at the same line is the same.

    The words are each engine's own.
    """

    def __init__(self, name, line, words):
        self.name = name
        self.line = line
        self.words = words

    def __eq__(self, other):
        return isinstance(other, Failure) and (self.name, self.line) == (other.name, other.line)

    __hash__ = None

    def __repr__(self):
        return f"<{self.name} at line {self.line}: {self.words:.200}>"


def failure(error):
    if isinstance(error, (jinja2.TemplateSyntaxError, nanoweb.template.TemplateSyntaxError)):
        line = error.lineno
    elif isinstance(error, RecursionError):
        line = None
    else:
        frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
        line = next((line for name, line in reversed(frames) if name.startswith("<template") or name in FILES), None)
    return Failure(type(error).__name__, line, str(error))


def dash(value):
    """What finalizes."""
    return "-" if value is None else value


# What an engine's own objects look like is its own.
KINDS = "AsyncLoopContext|BlockReference|LoopContext|Macro|TemplateReference|TemplateModule|Context"
OBJECT = re.compile(
    rf"(?:<|&lt;)[\w.]*\b({KINDS})\b(?:(?:<|&lt;)coroutine.*?(?:>|&gt;)|(?!&lt;|&gt;)[^<>])*(?:>|&gt;)"
)
ADDRESS = re.compile(r"0x[0-9a-f]+|memory:[0-9a-f]+")


def same_objects(text):
    text = OBJECT.sub(lambda match: f"[{match[1]}]", ADDRESS.sub("", text))
    return same_modules(text)


def same_modules(text):
    """A text without the addresses of objects and the names of modules: as letters and entities may have them."""
    text = re.sub(r"jinja2[.\w]*|markupsafe|nanoweb\.(markup|template[.\w]*)", "engine", text)
    return re.sub(r"(?i)0[-\s]?x-?[-0-9a-f]{6,}", "", text)


def make_environment(engine, files, options, mode, autoescape):
    options = dict(options)
    if "undefined" in options:
        options["undefined"] = getattr(engine, options["undefined"])
    if "finalize" in options:
        options["finalize"] = dash
    translated = options.pop("translated", None)
    if translated is not None:
        options["extensions"] = ["jinja2.ext.i18n"]
    environment = engine.Environment(
        loader=engine.DictLoader(files), autoescape=autoescape, enable_async=mode == "async", **options
    )
    environment.globals["g1"] = "G"
    if translated is not None:
        environment.install_null_translations(newstyle=translated)
    return environment


def outcome(engine, files, options, mode, autoescape, names):
    """Return what "main" renders to, or a Failure."""
    random.seed(1)
    try:
        template = make_environment(engine, files, options, mode, autoescape).get_template("main")
        text = "".join(template.generate(**names)) if mode == "yield" else template.render(**names)
    except Exception as error:
        return failure(error)
    return same_objects(text)


class Excuse:
    """Where the engines differ on purpose.

    pattern     what is found in the template, or in the call of a filter
    sentence    from docs/differences.md, or a part of one
    explains    explains(mine, other) tells whether this is why they differ
    """

    def __init__(self, pattern, sentence, explains):
        self.pattern = re.compile(pattern, re.DOTALL)
        self.sentence = sentence
        self.explains = explains

    def covers(self, what, mine, other):
        return self.pattern.search(what) is not None and bool(self.explains(mine, other))


def fails_with(*names):
    """What explains that each engine ends with an error of its own: the names of nanoweb's, then of Jinja2's."""
    return lambda mine, other: all(
        isinstance(result, Failure) and result.name == name for result, name in zip((mine, other), names)
    )


EXCUSES = [
    Excuse(
        r"{% macro m\(a, a\)|fn\(x=1, x=2\)",
        "A macro with two parameters of one name is a TemplateSyntaxError",
        fails_with("TemplateSyntaxError", "SyntaxError"),
    ),
    Excuse(
        r"call fn\(|call m\(\)",
        "`{% call %}` of a function that returns no text puts out what `str()` makes of it",
        lambda mine, other: isinstance(mine, str) and isinstance(other, Failure) and other.name == "TypeError",
    ),
    Excuse(
        r"{% break %}.*{% else %}",
        "The `else` of a loop runs where there was no item",
        lambda mine, other: (mine, other) == ("", "e"),
    ),
    Excuse(
        r"{% include 'self' %}",
        "Templates that call each other without end are a TemplateRecursionError",
        fails_with("TemplateRecursionError", "RecursionError"),
    ),
    Excuse(
        r"{{ a\[\] }}",
        "An index without a key (`a[]`) is a TemplateSyntaxError",
        lambda mine, other: isinstance(mine, Failure) and mine.name == "TemplateSyntaxError" and other == "",
    ),
    Excuse(
        r"{% (set b|macro m\(\)) %}{% include 'inc' without context %}",
        "What is included without context within a macro or `{% set %}` block is a part of its text",
        lambda mine, other: mine == "|[]",
    ),
    Excuse(
        r"{{ none }}",
        "`finalize` is given the value of a literal itself",
        lambda mine, other: mine.replace("-", "None") == other,
    ),
    Excuse(
        r"{% autoescape [ft] %}{{ 'q<' }}",
        "A literal within `{% autoescape name %}` is escaped as the name says",
        lambda mine, other: {mine, other} == {"q<", "q&lt;"},
    ),
    Excuse(
        r"\n{% with x = 1/0 %}",
        "An error in the value of a `{% with %}` names the line that it is in",
        lambda mine, other: (mine.name, mine.line) == (other.name, 2) != (other.name, other.line),
    ),
    Excuse(
        r"{{ ('q<'\|e|none|'q<'\|safe) ~",
        "`~` of literals knows markup from text",
        lambda mine, other: (
            isinstance(mine, str) and isinstance(other, str) and other.replace("&amp;", "&").replace("&lt;", "<")
            == mine.replace("&amp;", "&").replace("&lt;", "<")
        ),
    ),
]  # fmt: skip


class ComparerTest(unittest.TestCase):
    """What compares must see what it is there for."""

    def test_an_error_is_known_by_its_class_and_its_line(self):
        error = Failure("ValueError", 3, "words")
        self.assertEqual(error, Failure("ValueError", 3, "other words"))
        for other in (["ValueError", 4, "words"], ["TypeError", 3, "words"], ["ValueError", None, "words"]):
            self.assertNotEqual(error, Failure(*other))
        self.assertNotEqual(error, "words")

    def test_the_line_is_that_of_the_template(self):
        for engine in (jinja2, nanoweb.template):
            for mode in MODES:
                for source, line in (("\n\n{{ 1/0 }}", 3), ("\n{% include 'err' %}", 3), ("\n{% if %}", 2)):
                    with self.subTest(engine=engine.__name__, mode=mode, source=source):
                        found = outcome(engine, {**FILES, "main": source}, {}, mode, False, {})
                        self.assertEqual(found.line, line)

    def test_objects_of_an_engine_look_alike_and_nothing_else_does(self):
        self.assertEqual(same_objects("<jinja2.runtime.Macro 'm'>"), same_objects("<Macro 'm'>"))
        self.assertEqual(same_objects("&lt;LoopContext 1/2&gt;"), "[LoopContext]")
        for text in ("<b>Macro</b>", "<td>1</td>", "a < b > c", "&lt;b&gt;"):
            self.assertEqual(same_objects(text), text)


@contextmanager
def jinja_may_warn():
    """Do not mind coroutines that nobody awaits ("{{ loop }}" in asynchronous mode, or after an error), nor "\\d"."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*invalid escape sequence")
        warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
        yield
        gc.collect()


class CasesSuite(unittest.TestCase):
    maxDiff = None

    @jinja_may_warn()
    def test_each_case_in_each_mode_is_as_jinja_has_it(self):
        used, found, rendered, failed = Counter(), [], 0, 0
        cases = all_cases()
        for template, files, options in cases:
            for mode, autoescape in itertools.product(MODES, (True, False)):
                asked = ({**files, "main": template}, options, mode, autoescape)
                other = outcome(jinja2, *asked, data())
                mine = outcome(nanoweb.template, *asked, data())
                rendered += isinstance(other, str)
                failed += isinstance(other, Failure)
                if mine != other:
                    excuse = next((one for one in EXCUSES if one.covers(template, mine, other)), None)
                    used[excuse] += 1
                    if excuse is None:
                        found.append(f"{template!r} {options} {mode}\n    nanoweb {mine!r}\n    jinja2  {other!r}")
        if found:
            self.fail(f"{len(found)} differ:\n" + "\n".join(found[:40]))
        self.assertGreaterEqual(len({template for template, _, _ in cases}), 500)
        self.assertGreaterEqual(rendered, 2500)
        self.assertGreaterEqual(failed, 1000)
        self.assertEqual([excuse.sentence for excuse in EXCUSES if not used[excuse]], [], "not needed")

    def test_every_excuse_is_documented(self):
        text = " ".join(DOCUMENTED.read_text(encoding="utf-8").split())
        self.assertIn(LOOKED_UP, text)
        for excuse in (*EXCUSES, *FILTER_EXCUSES):
            self.assertIn(excuse.sentence, text)
            self.assertGreater(len(excuse.sentence), 30)


# Composing


NAMES = ["a", "b", "x", "y", "x_2", "nope", "s", "L"]
SHOWN = "|{{ a }}{{ b }}{{ x }}{{ y }}{{ x_2 }}{{ nope }}{{ s }}|"
TARGETS = ["b", "x", "y", "x_2", "nope"]
LITERALS = ["0", "1", "2.5", "'q<'", "none", "true", "[]", "'a'", "'%s{}'", "{'k': 1}"]
SPECIAL = ["(loop is defined)", "(loop.index if loop else 0)", "(loop.last if loop else 0)", "(caller is defined)"]
FILTERS = [
    "upper",
    "default(1)",
    "e",
    "string",
    "safe",
    "trim",
    "list",
    "length",
    "first",
    "join('<')",
    "int",
    "title",
]
TESTS = ["defined", "not defined", "none", "string", "number", "sameas(a)", "in([1, 2])", "iterable", "eq 1"]

# Filters and tests stand behind names: Jinja computes "'<'|safe ~ x" of literals alone too early.
simple = st.one_of(st.sampled_from(NAMES), st.sampled_from(LITERALS))
filtered = st.builds("{}|{}".format, st.sampled_from(["a", "s", "x", "b", "L"]), st.sampled_from(FILTERS))
joined = st.builds("{}|{} ~ {}".format, st.sampled_from("asb"), st.sampled_from(["e", "safe", "upper"]), simple)
tested = st.builds("({} is {})".format, st.sampled_from(NAMES), st.sampled_from(TESTS))


def larger(inner):
    return st.one_of(
        st.builds("{} ~ {}".format, inner, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("({} if {})".format, inner, inner),
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or", "==", "!=", "in"]), inner),
        st.builds("(not {})".format, inner),
        st.builds("{}({})".format, st.sampled_from(["m1", "m2", "f"]), inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("({}, {})[{}]".format, inner, inner, st.sampled_from("01")),
        st.builds("{{'k': {}, 'l': {}}}.k".format, inner, inner),
        st.builds("f({}, *L, k={})".format, inner, inner),
    )


expressions = st.recursive(
    st.one_of(simple, filtered, joined, tested, st.sampled_from(SPECIAL)), larger, max_leaves=4
)  # fmt: skip
iterables = st.sampled_from(["[1,2]", "'ab'", "[]", "L", "L|sort", "x", "range(3)", "[[1, 2], [3, 4]]"])
texts = st.sampled_from(["t", "\n", " <i> ", "%", "  \n ", "{}", "%s", "é"])
signs = st.sampled_from(["", "", "", "-", "+"])


def tag(*parts):
    """A strategy for a tag with white space control: "{%- set x = 1 +%}"."""
    return st.builds(
        lambda begin, end, words: f"{{%{begin} {' '.join(word for word in words if word)} {end}%}}",
        signs,
        signs,
        st.tuples(*(st.just(part) if isinstance(part, str) else part for part in parts)),
    )


def sequence(*parts):
    return st.tuples(*(st.just(part) if isinstance(part, str) else part for part in parts)).map("".join)


def maybe(strategy):
    return st.one_of(st.just(""), strategy)


names, targets = st.sampled_from(NAMES), st.sampled_from(TARGETS)
leaves = st.one_of(
    texts,
    st.builds("{{{{{} {} {}}}}}".format, st.sampled_from(["", "-"]), expressions, st.sampled_from(["", "-"])),
    st.builds("{{{{ {} }}}}".format, expressions),
    tag("set", targets, "=", expressions),
    tag("set ns.v =", expressions),
    st.sampled_from(["{{ ns.v }}", "{# c #}", "{#- c -#}", "{% raw %}{{ a }}{% endraw %}", "{% include 'inc' %}"]),
    st.sampled_from(["{% include 'inc2' %}", "{% import 'lib' as l with context %}{{ l.shown(1) }}"]),
    st.sampled_from(["{% from 'lib' import shown %}{{ shown(a) }}", "{% include ['no', 'inc'] ignore missing %}"]),
)


def statements(inner):
    body = sequence(st.lists(inner, min_size=1, max_size=3).map("".join), st.sampled_from(["", SHOWN]))
    return st.one_of(
        sequence(
            tag("if", expressions), body, maybe(sequence(tag("elif", expressions), body)),
            maybe(sequence(tag("else"), body)), tag("endif"),
        ),
        sequence(
            tag("for", names, "in", iterables, maybe(st.builds("if {}".format, expressions))), body,
            maybe(sequence(tag("else"), body)), tag("endfor"),
        ),
        sequence(tag("with", names, "=", simple), body, tag("endwith")),  # the line of an error there is another
        sequence(tag("set", targets, maybe(st.just("| upper"))), body, tag("endset")),
        sequence(tag("filter", st.sampled_from(["upper", "e", "trim|title"])), body, tag("endfilter")),
        sequence(
            tag("macro m3", st.sampled_from(["()", "(a)", "(a, b=x)", "(x=y)"])), body, tag("endmacro"),
            maybe(st.sampled_from(["{{ m3(1) }}", "{{ m3() }}", "{{ m3(x=s) }}"])),
        ),
        sequence(
            tag("call", st.sampled_from(["m1(1)", "(x) m1(s)", "m2(2)", "(x, y=a) m1(b)"])), body, tag("endcall")
        ),
        sequence(tag("autoescape", st.sampled_from(["true", "false"])), body, tag("endautoescape")),
        sequence("{% for t in T recursive %}{{ t.v }}{{ loop(t.c) }}", body, tag("endfor")),
        sequence("{% block ", st.just("?"), maybe(st.just(" scoped")), " %}", body, tag("endblock")),
    )  # fmt: skip


def whole(parts):
    """Put a template together; blocks are given names of their own, and what has been set is shown."""
    numbers = itertools.count()
    return re.sub(r"block \?", lambda match: f"block b{next(numbers)}", SHOWN.join([*parts, ""]))


MACROS = (
    "{% macro m1(a) %}({{ a }}{{ x }}{% if caller %}{{ caller(7) }}{% endif %}){% endmacro %}"
    "{% macro m2(x=1) %}[{{ x }}{{ b }}{{ caller() if caller }}]{% endmacro %}{% set ns = namespace(v=0) %}"
)
PARTS = {
    "inc": "<{{ a }}{{ x }}{{ y }}>",
    "inc2": "{% for b in [1] %}{{ b }}{{ x }}{% endfor %}{% set y = 3 %}{{ y }}",
    "lib": "{% set v = 1 %}{% macro shown(x) %}({{ x }}{{ a }}{{ v }}){% endmacro %}",
    "base": "{% block b0 %}B0{{ x }}{% endblock %}|{% block b1 scoped %}B1{% endblock %}{% block b2 %}{% endblock %}",
}
templates = st.builds(
    lambda head, parts: MACROS + head + whole(parts),
    st.sampled_from(["", "", "", "{% extends 'base' %}", "{% if a %}{% extends 'base' %}{% endif %}"]),
    st.lists(st.recursive(leaves, statements, max_leaves=8), min_size=1, max_size=5),
)
values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-3, 300),
        st.sampled_from([0.5, "", "<s>", "a & 'b'", "Ünï", "%s {}", "<\0>"])
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("kxy"), inner, max_size=2)),
    max_leaves=4,
)  # fmt: skip


def looked_up(template):
    """Return a template that looks each name up wherever a part of it begins, and puts out the same.

    Jinja does not find the value that a name has outside if a part of the template uses it first within another part,
    and sets it after that.
    """
    return re.sub(r"(?<!-)%}", lambda _: "%}{% if false %}" + SHOWN + "{% endif %}", template)


LOOKED_UP = "A name that a part of a template sets has its value from outside before that"


class GrammarSuite(unittest.TestCase):
    maxDiff = None

    @jinja_may_warn()
    def test_what_is_composed_at_random_is_as_jinja_has_it(self):
        seen = Counter()

        @seed(SEED)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(templates, values, values, st.sampled_from(MODES), st.booleans())
        def compare(template, a, s, mode, trimmed):
            options = {"trim_blocks": trimmed, "lstrip_blocks": trimmed}
            for autoescape in (True, False):
                asked = ({**PARTS, "main": template}, options, mode, autoescape)
                names = {"a": a, "s": s, "L": [2, 1], "T": TREE, "f": function_of}
                other = outcome(jinja2, *asked, names)
                mine = outcome(nanoweb.template, *asked, names)
                seen["rendered" if isinstance(other, str) else other.name] += 1
                if mine != other:
                    asked = ({**asked[0], "main": looked_up(template)}, *asked[1:])
                    if mine == outcome(nanoweb.template, *asked, names):
                        other = outcome(jinja2, *asked, names)
                self.assertEqual(mine, other, f"{mode}, autoescape={autoescape}, {options}, {names}\n{template}")

        compare()
        self.assertGreaterEqual(seen["rendered"], EXAMPLES)  # half of all, as each goes two ways
        self.assertGreaterEqual(len(seen), 3, seen)  # errors too


TREE = [{"v": 1, "c": [{"v": 2}, {"v": "<"}]}, {"v": 3}]


def function_of(value, *args, **kwargs):
    return value


# Filters and tests


FILTER_EXCUSES = [
    Excuse(
        r"^indent (markup|no markup)",
        "`indent` escapes the text that it puts before lines of markup",
        lambda mine, other: (
            isinstance(mine, tuple)
            and isinstance(other, tuple)
            and mine[0] == other[0] == "Markup"
            and mine[1].replace("&gt;", ">") == other[1]
        ),
    ),
    Excuse(
        r"^indent (list|dicts|pairs|things|deque)",
        "`indent` takes text alone, where Jinja adds a line break to a list that it was given",
        fails_with("TypeError", "AttributeError"),
    ),
]


class Bad:
    def __len__(self):
        raise RuntimeError("x")

    def __repr__(self):
        return "Bad()"


def make_values(markup, undefined):
    """Return {name: function that makes a value}: of every kind, for one of the engines."""
    text = "Hello World foo-bar (baz) <b>x</b> & \"q\" 'p'"
    links = "see http://example.com/a?b=c&d=1, (www.foo.org) me@x.org tel:123 mailto:a@b.de <http://x.yz>"
    nested = collections.OrderedDict(x={"y": [1, 2]}, z=1)
    script = {"k": "</script><!-- &'\"", "l": [1, 2.5, None, True], "a": "é\u2028"}
    plain = {
        "none": None, "true": True, "false": False, "zero": 0, "one": 1, "negative": -7, "big": 10**30,
        "float": 42.55, "half": -0.5, "nan": float("nan"), "inf": float("inf"),
        "decimal": decimal.Decimal("2.675"), "complex": 1j,
        "empty": "", "text": text, "spaces": "  a b  c\n\n d\r\ne  ", "number": "42", "number with point": "12.7",
        "hex": "0xff", "underscore": "1_000", "no number": "12a", "infinite": "inf",
        "long": "lorem ipsum dolor sit amet consectetur " * 12, "no space": "x" * 300, "letters": "Ünï ßtraße ǆ 日本",
        "links": links, "tags": "<p>Hi   <!-- c > --> there &amp; <b\n>you</b></p> a < b", "capitals": "ABC",
        "small": "abc", "format": "%s and %s <x>", "named format": "%(a)s|%(b)s", "bytes": b"a b/<",
        "tuple": ("x", 0, "", None, []), "set": {5}, "range": range(10), "class": Thing, "function": len,
        "date": datetime.date(2020, 1, 2), "bad": Bad(),
        "markup": markup("<b>Hello</b> &amp; world foo\nbar"), "markup x": markup("x"), "no markup": markup(""),
        "markup link": markup("see http://example.com/a&amp;b"), "markup format": markup("%s and %s <x>"),
        "markup named": markup("%(a)s|%(b)s"), "html": Html(), "undefined": undefined(name="u"),
    }  # fmt: skip
    made = {
        "list": lambda: [3, 1, 2, 1], "list empty": list, "list of texts": lambda: ["b", "A", "a", "C", "B"],
        "list with markup": lambda: ["<", markup("<b>"), 3], "list mixed": lambda: [1, "a", None],
        "list of floats": lambda: [0.1, 0.2, 1], "list of lists": lambda: [[1, 2], [3, 4], [1, 0]],
        "dict": lambda: {"b": 2, "A": 1, "c": None, "d": '<"'}, "dict empty": dict, "dict blank": lambda: {"a b": 1},
        "dict >": lambda: {"a>": 1}, "dict tab": lambda: {"x\ty": 1}, "dict =": lambda: {"a=b": 1},
        "dict /": lambda: {"a/": 1}, "dict of numbers": lambda: {1: 2, 10: 3},
        "dict with markup": lambda: {markup("a&b"): markup("<x>"), 'k"': 1}, "dict nested": lambda: dict(nested),
        "dict script": lambda: dict(script), "generator": lambda: (x for x in [1, 2, 3, 4, 5]),
        "generator of texts": lambda: (x for x in "aBcA"), "iterator": lambda: iter([2, 1]),
        "keys": lambda: {"q": 1, "w": 2}.keys(), "deque": lambda: collections.deque([2, 1]),
        "thing": lambda: Thing(a=1, b="<"), "pairs": lambda: [("a b", 1), ("c/&", "d=ü")],
        "things": lambda: [Thing(a=1, b="x", n=Thing(v=3)), Thing(a=2, b="X", n=Thing(v=1)), Thing(a=1, b="y")],
        "dicts": lambda: [{"a": 2, "b": "q", "0": 1}, {"a": 1, "b": "Q"}, {"b": "z"}],
    }  # fmt: skip
    return {**{name: (lambda value=value: value) for name, value in plain.items()}, **made}


def call(*args, **kwargs):
    return args, kwargs


def make_arguments(markup):
    """Return {filter: the arguments to try}; "" is for those that take none."""
    rows = [call(n, *more) for n in (0, 1, 2, 3, 10, -1) for more in ((), ("x",), (None,), (0,))]
    selects = [call(), call("odd"), call("string"), call("in", [1, "a"]), call("nosuch"), call("eq", 1), call(3)]
    selects += [call("defined"), call(x=1), call("divisibleby", num=2)]
    by_attribute = [call(), call("a"), call("a", "odd"), call("b", "eq", "x"), call("n.v", "defined"), call(0)]
    by_attribute += [call(0, "gt", 1), call("a", "nosuch"), call("a", "undefined"), call("zz")]
    extremes = [call(), call(True), call(attribute="a"), call(attribute="b"), call(attribute=0), call(False, "zz")]
    defaults = [call(), call("x"), call("x", True), call(boolean=True), call(None), call(default_value=1)]
    maps = [call(), call("upper"), call("int"), call("default", "x", boolean=True), call(attribute="a")]
    maps += [call(attribute="b", default="-"), call(attribute="a", x=1), call("nosuch"), call(attribute=0)]
    maps += [call("join", "-"), call("replace", "a", "<"), call(attribute="n.v", default=0), call("attr", "a")]
    maps += [call(default=3), call("upper", attribute="a"), call("batch", 2)]
    return {
        "": [call()],
        "abs": [call(), call(1)],
        "attr": [*map(call, ["a", "zz", markup("a"), 1, "upper", "keys", "b"]), call()],
        "batch": [*rows, call()],
        "center": [call(), call(5), call(100), call("a"), call(width=20)],
        "d": defaults,
        "default": defaults,
        "dictsort": [
            call(), call(True), call(False, "value"), call(by="x"), call(reverse=True), call(True, "key", True)
        ],
        "filesizeformat": [call(), call(True)],
        "float": [call(), call("x"), call(1.5), call(default=None)],
        "format": [
            call(), call("a"), call("a", "<b>"), call(markup("<i>"), "<b>"), call(a="<", b=2), call("x", a=1),
            call(1, 2, 3),
        ],
        "groupby": [
            call(), call("a"), call("b"), call("b", case_sensitive=True), call("a", default=0),
            call("n.v", default=9), call(0), call("1"), call("a", "z"), call("b", "", True),
        ],
        "indent": [
            call(), call(2), call("> "), call(4, True), call(2, False, True), call(2, True, True), call(0), call(-3),
            call("\t", True), call(None), call(1.5),
        ],
        "int": [call(), call("x"), call(5), call(base=16), call(0, 0), call(0, 2), call(0, 99)],
        "join": [
            call(), call(", "), call("<br>"), call(markup("<br>")), call(", ", "a"), call(", ", "n.v"),
            call(attribute="b"), call(1), call(", ", 0), call(", ", ""), call(None),
        ],
        "map": maps,
        "max": extremes,
        "min": extremes,
        "reject": selects,
        "rejectattr": by_attribute,
        "replace": [
            call("a", "b"), call("l", "<"), call("&", markup("<i>")), call(markup("<"), ">"), call("o", "0", 1),
            call("", "-"), call(1, 2), call("a"), call("<", '"', 2), call("l", None), call("o", "0", 0),
            call("o", "0", -1),
        ],
        "round": [
            call(), call(1), call(1, "ceil"), call(1, "floor"), call(0, "x"), call(-1), call(-1, "floor"), call(None),
            call(2, "common"),
        ],
        "select": selects,
        "selectattr": by_attribute,
        "slice": [*rows, call()],
        "sort": [
            call(), call(True), call(False, True), call(attribute="a"), call(attribute="b"), call(attribute="a,b"),
            call(attribute=0), call(attribute="n.v"), call(attribute="b,a", reverse=True), call(attribute="1,0"),
        ],
        "sum": [
            call(), call("a"), call(start=10), call("a", 5), call(0), call(start=""), call(None, []),
        ],
        "tojson": [call(), call(2), call(indent="\t")],
        "trim": [call(), call("x"), call(" aH"), call(None), call(1)],
        "truncate": [
            call(), call(10), call(10, True), call(10, True, "…", 0), call(10, False, "..", 0), call(0, False, ""),
            call(5, True, markup("<br>"), 0), call(20, leeway=100), call(4, False, "<..>", 0),
        ],
        "unique": [call(), call(True), call(attribute="a"), call(attribute="b"), call(True, "b"), call(attribute=0)],
        "urlize": [
            call(), call(10), call(10, True), call(target="_blank"), call(rel="a b"), call(extra_schemes=["tel:"]),
            call(extra_schemes=["tel"]), call(None, True, '"x', "<"), call(0),
        ],
        "wordwrap": [
            call(), call(10), call(5, False), call(10, True, "<br>"), call(10, True, markup("<br>")),
            call(7, True, None, False), call(0),
        ],
        "xmlattr": [call(), call(False)],
    }  # fmt: skip


TEST_ARGUMENTS = {"divisibleby": [(2,), (0,), ()], "sameas": [(None,), (1,), ()], "in": [([1, "x"],), ("abc",), (1,)]}
ITERATORS = (types.GeneratorType, itertools.chain, map, type(reversed([])), type(iter([])))


def described(value, depth=0):
    """Return what a filter has returned in a form that the other engine's can be compared with."""
    if depth > 6:
        return "..."
    kind = type(value)
    if isinstance(value, (jinja2.Undefined, nanoweb.template.Undefined)):
        return "undefined", same_modules(value._undefined_hint or value._undefined_message)
    if kind is markupsafe.Markup or kind is nanoweb.markup.Markup:
        return "Markup", same_modules(str(value))
    if isinstance(value, ITERATORS):
        return "iterator", [described(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return kind.__name__, [(described(key, depth + 1), described(item, depth + 1)) for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        name = "group" if hasattr(value, "grouper") else kind.__name__
        return name, [described(item, depth + 1) for item in value]
    return kind.__name__, same_modules(repr(value))


def called(environment, kind, name, value, args, kwargs, autoescape=True):
    """Return what a filter or a test returns, or a Failure."""
    context = environment.from_string("").new_context()
    context.eval_ctx.autoescape = autoescape
    random.seed(1)
    try:
        function = environment.call_filter if kind == "filter" else environment.call_test
        result = function(name, value(), list(args), dict(kwargs), context=context, eval_ctx=context.eval_ctx)
        return described(result)
    except Exception as error:
        return Failure(type(error).__name__, None, str(error))


class FiltersSuite(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.ours, self.theirs = nanoweb.template.Environment(), jinja2.Environment()
        self.values = [
            make_values(nanoweb.markup.Markup, nanoweb.template.Undefined),
            make_values(markupsafe.Markup, jinja2.Undefined),
        ]
        self.found, self.used = [], Counter()

    def compare(self, what, mine, other):
        if mine == other:
            return
        excuse = next((one for one in FILTER_EXCUSES if one.covers(what, mine, other)), None)
        self.used[excuse] += 1
        if excuse is None:
            self.found.append(f"{what}\n    nanoweb {mine!r:.300}\n    jinja2  {other!r:.300}")

    def end(self):
        if self.found:
            self.fail(f"{len(self.found)} differ:\n" + "\n".join(self.found[:40]))

    def test_each_filter_with_values_and_arguments_of_every_kind(self):
        self.assertEqual(set(our_filters.FILTERS), set(jinja2.filters.FILTERS))
        ours, theirs = make_arguments(nanoweb.markup.Markup), make_arguments(markupsafe.Markup)
        calls = 0
        for name in sorted(our_filters.FILTERS):
            arguments = list(zip(ours.get(name, ours[""]), theirs.get(name, theirs[""])))
            for value in self.values[0]:
                for (mine, other), autoescape in itertools.product(arguments, (False, True)):
                    calls += 1
                    self.compare(
                        f"{name} {value} {mine} {autoescape}",
                        called(self.ours, "filter", name, self.values[0][value], *mine, autoescape),
                        called(self.theirs, "filter", name, self.values[1][value], *other, autoescape),
                    )
        self.end()
        self.assertGreaterEqual(calls, 40_000)
        self.assertEqual([excuse.sentence for excuse in FILTER_EXCUSES if not self.used[excuse]], [], "not needed")

    def test_each_test_with_values_and_arguments_of_every_kind(self):
        self.assertEqual(set(our_tests.TESTS), set(jinja2.tests.TESTS))
        calls = 0
        for name in sorted(our_tests.TESTS):
            for value in self.values[0]:
                for args in TEST_ARGUMENTS.get(name, [(), (1,), ("a",), (None,)]):
                    calls += 1
                    self.compare(
                        f"{name} {value} {args}",
                        called(self.ours, "test", name, self.values[0][value], args, {}),
                        called(self.theirs, "test", name, self.values[1][value], args, {}),
                    )
        self.end()
        self.assertGreaterEqual(calls, 10_000)


if __name__ == "__main__":
    unittest.main()
