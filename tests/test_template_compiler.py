import asyncio
import sys
import unittest

from nanoweb.template import DictLoader, Environment, TemplateRuntimeError, TemplateSyntaxError, UndefinedError
from nanoweb.template.errors import TemplateRecursionError

TEMPLATES = {
    "base": "<{% block title %}base{% endblock %}|{% block body %}{% endblock %}>",
    "middle": "{% extends 'base' %}{% block title %}middle-{{ super() }}{% endblock %}",
    "part": "[{{ a }}{{ x }}]",
    "macros": "{% macro m(x) %}({{ x }}{{ a }}){% endmacro %}{% set v = 5 %}{% set _p = 6 %}",
    "required": "{% block r required %}{% endblock %}",
}
TREE = [{"v": 1, "c": [{"v": 2, "c": []}, {"v": 3, "c": []}]}, {"v": 4, "c": []}]
NAMES = {"a": 1, "L": [3, 1, 2], "s": "<s>", "tree": TREE, "t": True, "f": False, "two": lambda caller: 2}


class RenderingTest(unittest.TestCase):
    """Each case is rendered in the three modes of the compiler, and comes out alike."""

    def check(self, *cases, **options):
        for source, expected in cases:
            templates = {**TEMPLATES, "main": source}
            for mode in ["write", "yield", "async"]:
                with self.subTest(source, mode=mode):
                    environment = Environment(
                        loader=DictLoader(templates), autoescape=True, enable_async=mode == "async", **options
                    )
                    template = environment.get_template("main")
                    pieces = template.generate(**NAMES) if mode == "yield" else [template.render(**NAMES)]
                    self.assertEqual("".join(pieces), expected)

    def test_output_is_escaped_unless_it_is_markup(self):
        self.check(
            ("{{ s }}{{ s|safe }}{{ '<' }}{{ 1 }}{{ none }}{{ nope }}%", "&lt;s&gt;<s>&lt;1None%"),
            ("{{ s ~ '<' }}{{ s|safe ~ '<' }}", "&lt;s&gt;&lt;<s>&lt;"),
            ("{% autoescape false %}{{ s }}{% endautoescape %}{{ s }}", "<s>&lt;s&gt;"),
            ("{% autoescape f %}{{ s }}{{ '<' ~ s }}{% endautoescape %}", "<s><<s>"),
            ("{% autoescape t %}{{ s }}{{ '<' }}{% endautoescape %}", "&lt;s&gt;&lt;"),
            ("{% macro m() %}<{{ s }}{% endmacro %}{{ m() }}{% set x = m() %}{{ x }}", "<&lt;s&gt;<&lt;s&gt;"),
            ("{% set x %}<{{ s }}{% endset %}{{ x }}", "<&lt;s&gt;"),
            ("{% filter upper %}a{{ s }}{% endfilter %}", "A&LT;S&GT;"),
        )

    def test_what_is_set_in_a_part_ends_with_it(self):
        self.check(
            ("{% for i in L %}{% set x = i %}{{ x }}{% endfor %}{{ x }}", "312"),
            ("{% for i in L %}{{ x }}{% set x = i %}{% endfor %}", ""),
            ("{% set x = 0 %}{% for i in L %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}", "3120"),
            ("{% with x = 1, a = 2 %}{{ x }}{{ a }}{% set x = 3 %}{{ x }}{% endwith %}{{ x }}{{ a }}", "1231"),
            ("{% for a in L %}{{ a }}{% else %}{{ a }}{% endfor %}{{ a }}", "3121"),
            ("{% set x %}{% set y = 3 %}{{ y }}{% endset %}{{ x }}{{ y }}", "3"),
            ("{% macro m() %}{% set a = 5 %}{{ a }}{% endmacro %}{{ m() }}{{ a }}", "51"),
            ("{% set n = namespace(x=0) %}{% for i in L %}{% set n.x = n.x + i %}{% endfor %}{{ n.x }}", "6"),
            ("{% for x in L %}{% for x in 'a' %}{{ x }}{% endfor %}{% set x_2 = 9 %}{{ x }}{% endfor %}", "a3a1a2"),
        )

    def test_an_if_is_no_part_of_its_own(self):
        self.check(
            ("{% if t %}{% set x = 1 %}{% endif %}{{ x }}", "1"),
            ("{% if f %}{% set a = 2 %}{% endif %}{{ a }}", "1"),
            ("{% if f %}{% set x = 1 %}{% elif x %}no{% else %}{{ x }}!{% endif %}", "!"),
            ("{% if t %}{% if f %}{% set x = 1 %}{% endif %}{% endif %}{{ x }}.", "."),
            ("{% for i in L %}{% if i > 1 %}{% set x = i %}{% endif %}{{ x }};{% endfor %}", "3;;2;"),
        )

    def test_a_macro_sees_what_is_set_after_it(self):
        self.check(
            ("{% macro m() %}{{ x }}{% endmacro %}{{ m() }}{% set x = 1 %}{{ m() }}{% set x = 2 %}{{ m() }}", "12"),
            ("{% macro m(x) %}{% if x %}{{ x }}{{ m(x - 1) }}{% endif %}{% endmacro %}{{ m(3) }}", "321"),
            ("{% macro m(x, y=2, z=y) %}{{ x }}{{ y }}{{ z }};{% endmacro %}{{ m() }}{{ m(1, 3) }}", "22;133;"),
            ("{% macro m() %}{{ varargs }}{{ kwargs.k }}{% endmacro %}{{ m(1, k=2) }}", "(1,)2"),
            (
                (
                    "{% macro m(l) %}{% for i in l %}{{ caller(i) }}{% endfor %}{% endmacro %}"
                    "{% call(x) m(L) %}[{{ x }}]{% endcall %}"
                ),
                "[3][1][2]",
            ),
        )

    def test_loops(self):
        self.check(
            ("{% for i in [] %}x{% else %}none{% endfor %}{% for i in nope %}x{% else %}no{% endfor %}", "noneno"),
            ("{% for i in L if i > 1 %}{{ i }}{% endfor %}{% for i in L if i > 5 %}{% else %}-{% endfor %}", "32-"),
            ("{% for i in L if i > 1 %}{{ loop.index }}{{ loop.last }}{% endfor %}", "1False2True"),
            ("{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}", "123"),
            (
                "{% for i in tree recursive %}{{ loop.depth }}{{ i.v }}({{ loop(i.c) }}){% endfor %}",
                "11(22()23())14()",
            ),
            (
                (
                    "{% for i in L %}{% set o = loop %}{% for j in 'ab' %}{{ o.index }}{{ loop.index }} {% endfor %}"
                    "{% endfor %}"
                ),
                "11 12 21 22 31 32 ",
            ),
        )
        self.check(
            ("{% for i in L %}{% if i == 1 %}{% continue %}{% endif %}{{ i }}{% endfor %}", "32"),
            (
                (
                    "{% for i in L %}{% autoescape f %}{% if i == 1 %}{% break %}{% endif %}{% endautoescape %}"
                    "{{ s }}{% endfor %}{{ s }}"
                ),
                "&lt;s&gt;&lt;s&gt;",
            ),
            extensions=["loopcontrols"],
        )

    def test_templates_extend_each_other(self):
        self.check(
            ("{% extends 'middle' %}{% block title %}c-{{ super() }}{% endblock %}out", "<c-middle-base|>"),
            ("{% extends 'middle' %}{% block title %}{{ super.super() }}{% endblock %}", "<base|>"),
            (
                "{% extends 'base' %}{% set x = 3 %}{% block body %}{{ x }}{{ self.title() }}{% endblock %}",
                "<base|3base>",
            ),
            ("{% extends 'base' %}{% for i in L %}x{% endfor %}{{ 1 / 0 }}", "<base|>"),
            ("{% if f %}{% extends 'base' %}{% endif %}{% block body %}B{% endblock %}!", "B!"),
            ("{% if t %}{% extends 'base' %}{% endif %}{% block body %}B{% endblock %}!", "<base|B>"),
            ("{% extends 'required' %}{% block r %}R{% endblock %}", "R"),
            ("{% for i in L %}{% block b scoped %}{{ i }}{{ loop.index }} {% endblock %}{% endfor %}", "31 12 23 "),
        )

    def test_templates_include_and_import_each_other(self):
        self.check(
            ("{% include 'part' %}{% set x = 1 %}{% include 'part' %}", "[1][11]"),
            ("{% for x in L %}{% include 'part' %}{% endfor %}", "[13][11][12]"),
            ("{% for x in L %}{% include 'part' without context %}{% endfor %}", "[][][]"),
            ("{% filter upper %}{% include ['nope', 'part'] %}{% endfilter %}", "[1]"),
            ("{% include 'nope' ignore missing %}{% include 'middle' %}", "<middle-base|>"),
            ("{% import 'macros' as k %}{{ k.m(1) }}{{ k.v }}{{ k._p }}", "(1)5"),
            ("{% from 'macros' import m, v as w with context %}{{ m(1) }}{{ w }}", "(11)5"),
            ("{% from 'macros' import nope %}{{ nope }}.", "."),
        )

    def test_what_stands_outside_of_blocks_comes_first_if_it_is_no_text(self):
        body = "{% block body %}B{% endblock %}"
        self.check(
            ("{% extends 'base' %}text{{ a }}{% for i in L %}{{ i }}{% endfor %}" + body, "<base|B>"),
            ("{% extends 'base' %}{% include 'part' %}" + body, "[1]<base|B>"),
            ("{% extends 'base' %}{% filter upper %}text{% include 'part' %}{% endfilter %}" + body, "[1]<base|B>"),
            ("{% extends 'base' %}{% call two() %}{% endcall %}", "2<base|>"),
            (
                "{% extends 'base' %}{% macro m() %}m{{ caller() }}{% endmacro %}{% call m() %}c{% endcall %}",
                "mc<base|>",
            ),
            ("{% extends 'base' %}{% for i in tree recursive %}x{% include 'part' %}{% endfor %}", "[1][1]<base|>"),
            ("{% extends 'base' %}{% with %}" + body + "{% endwith %}", "B<base|B>"),
            ("{% if t %}{% extends 'base' %}{% endif %}text{% include 'part' %}" + body, "[1]<base|B>"),
            ("{% if f %}{% extends 'base' %}{% endif %}text{% include 'part' %}" + body, "text[1]B"),
        )

    def test_what_jinja_gets_wrong_is_right(self):
        self.check(
            ("{% call two() %}{% endcall %}", "2"),
            ("{% set b %}{% include 'part' without context %}{% endset %}-{{ b }}", "-[]"),
            ("{% macro m() %}{% include 'part' without context %}{% endmacro %}-{{ m() }}", "-[]"),
            ("{% autoescape f %}{{ '<' }}{% endautoescape %}", "<"),
            ("{{ none ~ '<'|safe }}{{ '<'|e ~ s }}", "None<&lt;&lt;s&gt;"),
            ("{% for i in [0] %}{{ a }}{% endfor %}{% set a = 2 %}{{ a }}", "12"),
            ("{% block b %}{% with %}{{ a }}{% endwith %}{% set a %}2{% endset %}{{ a }}{% endblock %}", "12"),
        )
        self.check(("{{ none }}{{ 'a' }}", "-a"), finalize=lambda value: "-" if value is None else value)
        self.check(("{% for i in L %}{% break %}{% else %}e{% endfor %}", ""), extensions=["loopcontrols"])

    def test_an_asynchronous_template_awaits_what_it_calls(self):
        async def fetch(value):
            await asyncio.sleep(0)
            return value

        async def count():
            for number in range(3):
                yield number

        source = (
            "{% for i in count() %}{{ loop.index }}{{ fetch(i) }}{% if not loop.last %},{% endif %}{% endfor %}"
            "{{ fetch({'a': 'b'}).a }}{% macro m() %}{{ fetch('m') }}{% endmacro %}{{ m() }}"
        )
        template = Environment(enable_async=True).from_string(source)
        self.assertEqual(template.render(fetch=fetch, count=count), "10,21,32bm")

    def test_who_stops_reading_an_asynchronous_template_leaves_nothing_open(self):
        templates = {**TEMPLATES, "loop": "{% for i in L %}{{ i }}{{ loop.index }}{% endfor %}"}
        environment = Environment(loader=DictLoader(templates), enable_async=True)
        for source in [
            "{% for i in L %}{{ i }}{% endfor %}",
            "{% block b %}{% for i in L %}{{ i }}{{ loop.last }}{% endfor %}{% endblock %}",
            "{% include 'loop' %}",
            "{% extends 'middle' %}{% block body %}{% include 'loop' %}{% endblock %}",
            "{% for i in L %}{% for j in L %}{{ j }}{% break %}{% endfor %}{% endfor %}",
        ]:
            with self.subTest(source):
                template = environment.overlay(extensions=["loopcontrols"]).from_string(source)
                self.assertEqual(asyncio.run(self.find_open_generators(template)), [])

    async def find_open_generators(self, template):
        """Return the asynchronous generators that are still running when a reader of two pieces has gone."""
        begun = []
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(firstiter=begun.append)
        try:
            pieces = template.generate_async(**NAMES)
            await pieces.__anext__()
            await pieces.__anext__()
            await pieces.aclose()
        finally:
            sys.set_asyncgen_hooks(*hooks)
        return [generator.__qualname__ for generator in begun if generator.ag_frame is not None]


class ErrorTest(unittest.TestCase):
    """What goes wrong while a template renders."""

    def test_an_error_names_the_lines_of_all_templates_on_its_way(self):
        templates = {
            "base": "<p>\n{% block b %}{% endblock %}",
            "page": "{% extends 'base' %}\n{% block b %}\n{{ 1 }}\n{{ 2 }} {{ fail() }}\n{% endblock %}",
        }

        def fail():
            raise ValueError("it fails")

        template = Environment(loader=DictLoader(templates)).get_template("page")
        for render in [template.render, lambda **names: list(template.generate(**names))]:
            lines = []
            try:
                render(fail=fail)
            except ValueError as error:
                entry = error.__traceback__
            while entry is not None:
                if entry.tb_frame.f_code.co_filename.startswith("<template"):
                    lines.append((entry.tb_frame.f_globals["name"], entry.tb_lineno))
                entry = entry.tb_next
            self.assertEqual(lines, [("page", 1), ("base", 2), ("page", 4)])

    def test_templates_that_go_round_in_a_circle_are_named(self):
        templates = {
            "a": "{% include 'b' %}",
            "b": "{% extends 'a' %}",
            "c": "{% macro m() %}{{ m() }}{% endmacro %}",
        }
        environment = Environment(loader=DictLoader(templates))
        with self.assertRaisesRegex(TemplateRecursionError, "'a', line 1 -> 'b', line 1 -> ..."):
            environment.get_template("a").render()
        with self.assertRaisesRegex(RecursionError, "'c', line 1 -> ..."):
            environment.from_string("{% from 'c' import m %}{{ m() }}").render()

    def test_the_error_of_a_template_says_what_is_wrong(self):
        for source, kind, message in [
            ("{{ nope.x }}", UndefinedError, "'nope' is undefined"),
            ("{{ a.x.y }}", UndefinedError, "'int object' has no attribute 'x'"),
            ("{{ super() }}", UndefinedError, "'super' is undefined"),
            ("{% block a required %}{% endblock %}", TemplateRuntimeError, "Required block 'a'"),
            ("{% set a.x = 1 %}", TemplateRuntimeError, "non-namespace"),
            ("{% if a %}{{ a|nope }}{% endif %}", TemplateRuntimeError, "No filter named 'nope'"),
            ("{% macro m(x) %}{% endmacro %}{{ m(1, 2) }}", TypeError, "not more than 1 argument"),
            ("{% macro m(x) %}{% endmacro %}{{ m(y=2) }}", TypeError, "no keyword argument 'y'"),
        ]:
            with self.subTest(source), self.assertRaisesRegex(kind, message):
                Environment().from_string(source).render(a=1)

    def test_what_cannot_be_compiled_is_refused(self):
        for source in [
            "{% for loop in a %}{% endfor %}",
            "{% for a in b %}{% extends 'c' %}{% endfor %}",
            "{% macro m(a, a) %}{% endmacro %}",
            "{{ a[] }}",
        ]:
            with self.subTest(source), self.assertRaises(TemplateSyntaxError):
                Environment().from_string(source)
        with self.assertRaisesRegex(TemplateSyntaxError, "outside of a loop"):
            Environment(extensions=["loopcontrols"]).from_string("{% break %}")

    def test_the_name_of_a_template_is_text_in_the_source(self):
        name = "a{__import__('os')}'\\\n.html"
        source = Environment().compile("{% include 'b' %}{{ 1/0 }}", name, raw=True)
        names = {}
        exec(source.splitlines()[0], names)
        self.assertEqual(names["name"], name)

    def test_the_source_can_be_read(self):
        source = Environment(autoescape=True).compile(
            "Hello {{ name }}!\n{% for i in L %}\n{{ i }}%{% endfor %}", raw=True
        )
        self.assertIn("def root(context, write, add):\n", source)
        self.assertIn("    l_name = resolve('name', missing)\n", source)
        self.assertIn("    for l_i in ", source)
        self.assertIn("        write('\\n%s%%')\n        add(l_i if type(l_i) is str or ", source)
