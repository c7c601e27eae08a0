import asyncio
import collections
import copy
import doctest
import io
import os
import pathlib
import subprocess
import sys
import tempfile
import traceback
import types
import unittest
from unittest import mock

import nanoweb.template
from nanoweb.template import (
    DictLoader,
    Environment,
    Template,
    TemplateNotFound,
    TemplatesNotFound,
    TemplateSyntaxError,
    Undefined,
    UndefinedError,
    clear_caches,
    extensions,
    select_autoescape,
)


async def collect(pieces):
    return [piece async for piece in pieces]


class EnvironmentTest(unittest.TestCase):
    """The options, and how templates are got."""

    def test_a_template_is_kept_until_its_source_changes(self):
        sources = {"a": "1"}
        environment = Environment(loader=DictLoader(sources))
        first = environment.get_template("a")
        self.assertIs(environment.get_template("a"), first)
        sources["a"] = "2"
        self.assertEqual(environment.get_template("a").render(), "2")
        environment.auto_reload = False
        sources["a"] = "3"
        self.assertEqual(environment.get_template("a").render(), "2")

    def test_as_many_templates_are_kept_as_there_is_room_for(self):
        for size, kept in [(0, False), (1, False), (2, True), (-1, True)]:
            with self.subTest(size):
                environment = Environment(loader=DictLoader({"a": "", "b": ""}), cache_size=size)
                first = environment.get_template("a")
                environment.get_template("b")
                self.assertEqual(environment.get_template("a") is first, kept)

    def test_a_copy_of_an_environment_keeps_templates_of_its_own(self):
        environment = Environment(loader=DictLoader({"a": "A{{ 1|twice }}"}), cache_size=3)
        environment.filters["twice"] = "{0}{0}".format
        first = environment.get_template("a")
        other = copy.deepcopy(environment)
        self.assertIsNot(other.get_template("a"), first)
        self.assertEqual(other.get_template("a").render(), "A11")
        self.assertEqual((len(other.cache), other.cache.capacity), (1, 3))

    def test_the_first_template_there_is_can_be_selected(self):
        environment = Environment(loader=DictLoader({"a": "A"}))
        self.assertEqual(environment.select_template(["x", "a"]).name, "a")
        self.assertEqual(environment.get_or_select_template(["x", "a"]).name, "a")
        self.assertEqual(environment.get_or_select_template("a").name, "a")
        with self.assertRaisesRegex(TemplatesNotFound, "x, y"):
            environment.select_template(["x", "y"])
        for names in ([], None, [None]):  # None: a setting that has no value
            self.assertRaises(TemplatesNotFound, environment.select_template, names)
        self.assertEqual(environment.from_string("{% include none ignore missing %}b").render(), "b")
        self.assertRaises(TemplateNotFound, environment.get_template, "x")
        self.assertRaises(UndefinedError, environment.get_template, Undefined(name="n"))
        self.assertRaises(TypeError, Environment().get_template, "a")

    def test_what_is_changed_late_holds_for_what_is_compiled_from_then_on(self):
        environment = Environment()
        source = "{% if a %}\n{{ a|late }}{% endif %}"
        before = environment.from_string(source)
        environment.filters["late"] = "[{}]".format
        environment.trim_blocks = True
        self.assertEqual(before.render(a=1), "\n[1]")
        self.assertEqual(environment.from_string(source).render(a=1), "[1]")

    def test_an_overlay_shares_all_but_its_options(self):
        environment = Environment(trim_blocks=True)
        overlay = environment.overlay(variable_start_string="<<", variable_end_string=">>", autoescape=True)
        environment.filters["twice"] = lambda value: value * 2
        self.assertEqual(overlay.from_string("<< x|twice >>{{ x }}").render(x="<"), "&lt;&lt;{{ x }}")
        self.assertEqual(environment.from_string("<< {{ x }}").render(x="<"), "<< <")
        self.assertRaises(TypeError, environment.overlay, nope=1)

    def test_autoescape_may_depend_on_the_name(self):
        templates = {"a.html": "{{ x }}", "a.txt": "{{ x }}"}
        environment = Environment(loader=DictLoader(templates), autoescape=lambda name: bool(name) and "html" in name)
        self.assertEqual(environment.get_template("a.html").render(x="<"), "&lt;")
        self.assertEqual(environment.get_template("a.txt").render(x="<"), "<")

    def test_finalize_sees_each_value(self):
        environment = Environment(finalize=lambda value: "-" if value is None else value)
        self.assertEqual(environment.from_string("{{ none }}{{ x }}{{ 1 }}None").render(x=None), "--1None")

    def test_an_expression_can_be_compiled(self):
        environment = Environment()
        self.assertEqual(environment.compile_expression("a.b|length > 1")(a={"b": "xy"}), True)
        self.assertIsNone(environment.compile_expression("x")())
        self.assertIsInstance(environment.compile_expression("x", undefined_to_none=False)(), Undefined)
        self.assertEqual(Environment(enable_async=True).compile_expression("[a]|map('abs')|list")(a=-1), [1])
        for source in ["a b", "a }} {{ b", ""]:
            with self.subTest(source):
                self.assertRaises(TemplateSyntaxError, environment.compile_expression, source)

    def test_a_wrong_option_is_refused(self):
        for options in [
            {"newline_sequence": "x"},
            {"undefined": str},
            {"extensions": ["nope"]},
            {"bytecode_cache": "/tmp"},
        ]:
            with self.subTest(options), self.assertRaises((ValueError, TypeError)):
                Environment(**options)

    def test_attributes_and_items_are_looked_up_in_their_order(self):
        class Both:
            x = "attribute"

            def __getitem__(self, key):
                if key in ("x", "y"):
                    return "item"
                raise KeyError(key)

        render = Environment().from_string("{{ o.x }} {{ o['x'] }} {{ o.y }} {{ o.z is defined }}").render
        self.assertEqual(render(o=Both()), "attribute item item False")
        render = Environment().from_string("{{ d.k }} {{ d['items'] }} {{ d.items is callable }}").render
        self.assertEqual(render(d={"k": "v", "items": 1}), "v 1 True")

    def test_attributes_and_items_are_the_same_as_with_python(self):
        class Failing:
            @property
            def x(self):
                raise AttributeError("within the property")

            @property
            def y(self):
                raise KeyError("y")

        class Shy:
            def __getitem__(self, key):
                raise AttributeError("an item that is not there")

        class Kept(dict):
            pass

        environment = Environment()
        for obj, name, attribute, item in [
            (Kept(a=1), "a", 1, 1),
            (collections.OrderedDict(items=1), "items", None, 1),
            (collections.namedtuple("P", "a")(1), "a", 1, 1),
            ([5], 0, None, 5),
            ([5], "append", None, None),
            ("abc", 1, None, "b"),
            (Failing(), "x", "undefined", "undefined"),
            (Shy(), "x", "undefined", "undefined"),
            (list, int, None, types.GenericAlias(list, int)),
            (object(), "\ud800", "undefined", "undefined"),
            (object(), 1.5, None, "undefined"),
            (None, "x", "undefined", "undefined"),
        ]:
            with self.subTest(obj=obj, name=name):
                for look_up, expected in [(environment.getattr, attribute), (environment.getitem, item)]:
                    if expected == "undefined":
                        self.assertIsInstance(look_up(obj, name), Undefined)
                    elif expected is not None:
                        self.assertEqual(look_up(obj, name), expected)
        for look_up in (environment.getattr, environment.getitem):
            self.assertRaises(KeyError, look_up, Failing(), "y")

    def test_autoescape_can_be_chosen_by_the_ending_of_the_name(self):
        for arguments, escaped, plain in [
            ({}, ["a.html", "A.HTM", "a.b.xml", None], ["a.txt", "html", "a.html.txt", "a.svg"]),
            ({"enabled_extensions": ["j2", ".svg"]}, ["a.j2", "a.SVG"], ["a.html"]),
            ({"disabled_extensions": ["txt"], "default": True}, ["a.css", "a"], ["a.txt"]),
            ({"default_for_string": False}, ["a.html"], [None]),
        ]:
            choose = select_autoescape(**arguments)
            for name in escaped + plain:
                with self.subTest(name, **arguments):
                    self.assertIs(choose(name), name in escaped)

    def test_a_subclass_may_change_the_source_before_it_is_read(self):
        class Own(Environment):
            def preprocess(self, source, name=None, filename=None):
                return source.replace("<<", "{{").replace(">>", "}}")

        environment = Own()
        self.assertEqual(environment.from_string("<< 1 >>").render(), "1")
        self.assertEqual(next(environment.lex("<< 1 >>"))[1], "variable_begin")
        self.assertEqual(environment.preprocess("<<"), "{{")

    def test_caches_can_be_cleared(self):
        first = Template("a").environment
        self.assertIs(Template("b").environment, first)
        clear_caches()
        self.assertIsNot(Template("b").environment, first)

    def test_what_few_need_is_loaded_when_it_is_asked_for(self):
        program = (
            "import sys, nanoweb.template; print(*[name for name in sys.modules if name.startswith('nanoweb.t')])"
        )
        loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        self.assertNotRegex(loaded, "sandbox|translation|codecache|meta|tracebacks|links")
        for name in nanoweb.template.__all__:
            self.assertIsNotNone(getattr(nanoweb.template, name))
        self.assertRaises(AttributeError, getattr, nanoweb.template, "nope")

    def test_extensions_have_the_names_that_they_have_elsewhere(self):
        for extension in ["do", "jinja2.ext.do", extensions.do, extensions.ExprStmtExtension]:
            environment = Environment(extensions=[extension])
            self.assertEqual(environment.from_string("{% do l.append(1) %}{{ l }}").render(l=[]), "[1]")
        for extension in [extensions.loopcontrols, extensions.debug, extensions.i18n, "jinja2.ext.with_"]:
            Environment(extensions=[extension])

    def test_an_extension_of_ones_own_may_do_all_but_have_tags(self):
        class Mine(extensions.Extension):
            tags = {"mine"}

            def __init__(self, environment):
                super().__init__(environment)
                environment.globals["word"] = "added"
                environment.extend(is_mine=True)

            def preprocess(self, source, name, filename=None):
                return source.replace("[[", "{{").replace("]]", "}}")

        for extension in (Mine, f"{__name__}.Mine"):
            with self.subTest(extension), mock.patch.dict(globals(), Mine=Mine):
                Mine.identifier = f"{__name__}.Mine"
                environment = Environment(extensions=[extension])
                self.assertTrue(environment.is_mine)
                self.assertEqual(environment.from_string("[[ word ]]").render(), "added")
                self.assertIs(environment.extensions[Mine.identifier].environment, environment)
                other = environment.overlay(trim_blocks=True)
                self.assertIs(other.extensions[Mine.identifier].environment, other)
                self.assertEqual(other.from_string("[[ word ]]").render(), "added")
                with self.assertRaisesRegex(TemplateSyntaxError, "tag 'mine' is of .*Mine") as caught:
                    environment.from_string("\n{% mine %}")
                self.assertEqual(caught.exception.lineno, 2)
        for wrong in ("nope", "nope.Nope", "nanoweb.template.Nope", "."):
            with self.subTest(wrong), self.assertRaisesRegex(ValueError, "no extension"):
                Environment(extensions=[wrong])

    def test_what_is_left_out_is_not_there(self):
        """docs/differences.md says why."""
        for name in "BytecodeCache MemcachedBytecodeCache ModuleLoader NativeEnvironment Markup escape".split():
            self.assertFalse(hasattr(nanoweb.template, name), name)
        self.assertFalse(hasattr(Environment, "compile_templates"))

    def test_tokens_are_those_that_the_parser_sees(self):
        tokens = list(Environment().lex("a{# b #}{{ c }}"))
        self.assertEqual([kind for _, kind, _ in tokens], ["data", "variable_begin", "name", "variable_end"])

    def test_globals_of_a_template_are_its_own(self):
        environment = Environment(loader=DictLoader({"a": "{{ x }}{{ y }}"}))
        environment.globals["x"] = 1
        template = environment.get_template("a", globals={"y": 2})
        self.assertEqual((template.render(), dict(template.globals), template.filename), ("12", {"y": 2}, None))
        self.assertEqual({**environment.globals, "y": 2}, environment.make_globals({"y": 2}))

    def test_templates_are_listed(self):
        environment = Environment(loader=DictLoader({"a.html": "", "b.txt": ""}))
        self.assertEqual(environment.list_templates(), ["a.html", "b.txt"])
        self.assertEqual(environment.list_templates(extensions=["txt"]), ["b.txt"])
        self.assertEqual(environment.list_templates(filter_func=lambda name: "a" in name), ["a.html"])


class TemplateTest(unittest.TestCase):
    """What can be done with a template."""

    def test_a_template_can_be_made_without_an_environment(self):
        template = Template("{{ x }}", autoescape=True)
        self.assertEqual(template.render(x="<"), "&lt;")
        self.assertIs(Template("a", autoescape=True).environment, template.environment)
        self.assertEqual(Template("{{ x }}", finalize=str.upper).render(x="a"), "A")

    def test_names_are_given_as_for_a_dict(self):
        template = Template("{{ a }}{{ b }}")
        for args, kwargs in [(({"a": 1, "b": 2},), {}), (({"a": 1},), {"b": 2}), (([("a", 1)],), {"b": 2})]:
            self.assertEqual(template.render(*args, **kwargs), "12")

    def test_globals_of_a_template_stand_before_those_of_the_environment(self):
        environment = Environment()
        environment.globals.update(a=1, b=1)
        self.assertEqual(environment.from_string("{{ a }}{{ b }}{{ c }}", {"b": 2, "c": 2}).render(c=3), "123")

    def test_a_module_has_what_a_template_sets(self):
        module = Template("{% set a = 1 %}{% set _b = 2 %}{% macro m(x) %}<{{ x }}>{% endmacro %}text").module
        self.assertEqual((module.a, module.m("y"), str(module), hasattr(module, "_b")), (1, "<y>", "text", False))

    def test_output_can_be_streamed(self):
        template = Template("{% for i in 'abcd' %}{{ i }}{% endfor %}")
        self.assertEqual(list(template.stream()), ["a", "b", "c", "d"])
        stream = template.stream()
        stream.enable_buffering(3)
        self.assertEqual(list(stream), ["abc", "d"])
        self.assertRaises(ValueError, stream.enable_buffering, 1)
        file = io.BytesIO()
        template.stream().dump(file, "utf-8")
        self.assertEqual(file.getvalue(), b"abcd")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "out")
            template.stream().dump(path)
            with open(path, encoding="utf-8") as written:
                self.assertEqual(written.read(), "abcd")

    def test_a_block_can_be_rendered_alone(self):
        sources = {
            "base": "<{% block a %}A{% block b %}{{ x }}{% endblock %}{% endblock %}>",
            "page": "{% extends 'base' %}{% block b %}{{ super() }}{% endblock %}{% block c %}C{% endblock %}",
        }
        for is_async in (False, True):
            environment = Environment(loader=DictLoader(sources), enable_async=is_async)
            template = environment.get_template("base")
            for function, expected in [
                (template.blocks["a"], "A1"),
                (template.blocks["b"], "1"),
                (template.root_render_func, "<A1>"),
            ]:
                pieces = function(template.new_context({"x": 1}))
                if is_async:
                    pieces = asyncio.run(collect(pieces))
                self.assertEqual(environment.concat(pieces), expected)
            self.assertEqual(sorted(environment.get_template("page").blocks), ["b", "c"])

    def test_output_comes_as_it_is_made(self):
        made = []
        pieces = Template("{% for i in numbers %}{{ i }}{% endfor %}").generate(numbers=map(made.append, "abc"))
        self.assertEqual(made, [])
        next(pieces)
        self.assertEqual(made, ["a"])

    def test_a_traceback_shows_the_line_of_the_template(self):
        environment = Environment(loader=DictLoader({"page": "a\n{{ x }}\n{{ 1 / 0 }} here"}))
        for template in [environment.get_template("page"), environment.from_string("\n\n{{ 1 / 0 }} here")]:
            try:
                shown = template.render()
            except ZeroDivisionError:
                shown = traceback.format_exc()
            self.assertIn("line 3", shown)
            self.assertIn("{{ 1 / 0 }} here", shown)

    def test_so_does_that_of_what_python_takes_from_a_template(self):
        sources = {
            "macro": "\n{% macro m(x) %}{% set y = 1 %}\n\n{{ 1 // x }}{% endmacro %}",
            "top": "\n{% set y = 1 %}\n\n{{ 1 // x }}",
            "import": "\n\n\n{% import 'top' as t with context %}",
        }
        environment = Environment(loader=DictLoader(sources), autoescape=True)
        environment.globals["x"] = 0
        macro = environment.get_template("macro").module.m
        self.assertEqual(repr(macro(1).strip()), "Markup('1')")
        for name, call in [
            ("macro", lambda: macro(0)),
            ("macro", lambda: macro(x=0)),
            ("top", lambda: environment.get_template("top").module),
            ("top", lambda: environment.get_template("top").make_module({"x": 0})),
            ("top", lambda: environment.get_template("import").module),
        ]:
            with self.subTest(name):
                try:
                    call()
                except ZeroDivisionError as error:
                    frames = traceback.extract_tb(error.__traceback__)
                    found = [(frame.filename, frame.lineno) for frame in frames if frame.filename.startswith("<")]
                    self.assertEqual(found[-1], (f"<template {name}>", 4))
                else:
                    self.fail("the error is lost")

    def test_a_stop_iteration_ends_no_loop_of_who_renders(self):
        class Stopping:
            def __str__(self):
                raise StopIteration(5)

        for autoescape in (False, True):
            template = Environment(autoescape=autoescape).from_string("a\n{{ x }}")
            with self.subTest(autoescape):
                try:
                    list(map(template.render, [{"x": Stopping()}]))
                except RuntimeError as error:
                    self.assertIn("StopIteration(5)", str(error))
                    frames = traceback.extract_tb(error.__traceback__)
                    self.assertIn(("<template>", 2), [(frame.filename, frame.lineno) for frame in frames])
                else:
                    self.fail("the error is lost")

    def test_lines_can_be_looked_up(self):
        template = Template("a\n{{ x }}\n{% if y %}{% endif %}")
        lines = [template.get_corresponding_lineno(line) for line, _ in template.debug_info]
        self.assertEqual(lines, [lineno for _, lineno in template.debug_info])


class PageTest(unittest.TestCase):
    def test_the_examples_of_the_page_on_templates_are_true(self):
        """Among them the program that the compiler writes: who changes that shows the new one there."""
        page = pathlib.Path(__file__).resolve().parent.parent / "docs" / "templates.md"
        results = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
        self.assertGreater(results.attempted, 10)
        self.assertEqual(results.failed, 0)
