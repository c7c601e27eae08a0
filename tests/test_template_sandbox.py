import asyncio
import collections
import unittest

from nanoweb.markup import Markup
from nanoweb.template import Environment
from nanoweb.template.errors import SecurityError
from nanoweb.template.sandbox import (
    ImmutableSandboxedEnvironment,
    SandboxedEnvironment,
    is_internal_attribute,
    modifies_known_mutable,
    safe_range,
    unsafe,
)

SANDBOX = SandboxedEnvironment()
ESCAPING = SandboxedEnvironment(autoescape=True)
IMMUTABLE = ImmutableSandboxedEnvironment()


class Person:
    """What an application gives to a template."""

    _password = "secret"

    def __init__(self, name="Tom"):
        self.name = name
        self.saved = False

    def greet(self, word="Hello"):
        return f"{word}, {self.name}"

    @unsafe
    def delete(self):
        raise AssertionError("deleted")

    def save(self):
        raise AssertionError("saved")

    save.alters_data = True

    def __getitem__(self, key):
        return {"key": "item"}[key]


async def coroutine():
    """Its frame is what is asked for."""


async def asynchronous():
    yield 1


def generator():
    yield 1


def render(source, environment=SANDBOX, **values):
    values.setdefault("x", Person())
    return environment.from_string(source).render(values)


class AttributeTest(unittest.TestCase):
    def test_what_does_no_harm_works(self):
        for source, expected in [
            (
                "{{ x.name }}{{ x['name'] }}{{ x.greet() }}{{ x.greet('Hi') }}{{ x.key }}",
                "TomTomHello, TomHi, Tomitem",
            ),
            (
                "{{ x.nope }}{{ x['nope'] }}{{ 'a'.upper() }}{{ [1, 2][0] }}{{ {'a': 1}.items()|list }}",
                "A1[('a', 1)]",
            ),
            ("{% for n in range(3) %}{{ loop.index }}{% endfor %}", "123"),
            ("{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m(1) }}", "<1>"),
            (
                "{{ 2 * 3 }}{{ 'a' * 3 }}{{ [1] * 2 }}{{ 2 ** 10 }}{{ 7 % 4 }}{{ '%s-%05d' % ('a', 5) }}",
                "6aaa[1, 1]10243a-00005",
            ),
            ("{{ -(x.name|length) }}{{ 7 // 2 }}{{ 1 - 2 }}{{ 1 + 2 }}{{ 1 / 2 }}", "-33-130.5"),
        ]:
            with self.subTest(source):
                self.assertEqual(render(source), expected)

    def test_what_leads_to_the_interpreter_is_undefined(self):
        for source in [
            "{{ x._password }}",
            "{{ x['_password'] }}",
            "{{ x.__class__ }}",
            "{{ x['__class__'] }}",
            "{{ x|attr('__class__') }}",
            "{{ x|attr('_password') }}",
            "{{ x|attr(m) }}",
            "{{ x[m] }}",
            "{{ x['__cla' ~ 'ss__'] }}",
            "{{ [x]|map(attribute='__class__')|first }}",
            "{{ [x]|map('attr', '__class__')|first }}",
            "{{ [x]|sum('_password', '') if false }}",
            "{{ ''.__class__ }}",
            "{{ ().__class__ }}",
            "{{ x.greet.__func__ }}",
            "{{ x.greet.__globals__ }}",
            "{{ x.greet.__self__ }}",
            "{{ x.__init__ }}",
            "{{ cls.mro }}",
            "{{ cls['mro'] }}",
            "{{ dict['x'].mro }}",
            "{{ range.__self__ }}",
            "{{ lipsum.__globals__ }}",
            "{{ cycler.__init__ }}",
            "{{ self.__init__ }}",
            "{{ self._TemplateReference__context }}",
        ]:
            with self.subTest(source):
                self.assertEqual(render(source, cls=Person, m=Markup("__class__")), "")

    def test_using_it_is_a_security_error(self):
        for source in [
            "{{ x.__class__.mro() }}",
            "{{ x.__class__() }}",
            "{{ ''.__class__.__mro__[1].__subclasses__() }}",
            "{{ (x|attr('__class__')).x }}",
            "{{ x._password.upper() }}",
            "{{ cls.mro() }}",
            "{{ [x]|map(attribute='__class__.__name__')|list }}",
            "{{ [x]|groupby('__class__.x') }}",
            "{{ [x]|sort(attribute='__class__.x') }}",
            "{{ [x]|selectattr('__class__.x')|list }}",
            "{{ [x, x]|unique(attribute='__class__.x')|list }}",
            "{{ [x]|join(',', '__class__.x') }}",
            "{{ [x]|max(attribute='__class__.x') }}",
        ]:
            with self.subTest(source), self.assertRaises(SecurityError):
                render(source, cls=Person)

    def test_frames_and_code_of_what_runs_are_hidden(self):
        waiting = coroutine()
        self.addCleanup(waiting.close)
        values = {
            "g": generator(),
            "c": waiting,
            "a": asynchronous(),
            "f": generator().gi_frame,
            "k": generator.__code__,
        }
        for source in [
            "g.gi_frame",
            "g.gi_code",
            "c.cr_frame",
            "c.cr_code",
            "a.ag_frame",
            "a.ag_code",
            "f.f_globals",
        ]:
            with self.subTest(source):
                self.assertEqual(render("{{ " + source + " }}", **values), "")
                with self.assertRaises(SecurityError):
                    render("{{ " + source + ".x }}", **values)
        for source in ["f.f_back.x", "f.f_locals.x", "k.co_consts.x", "k.replace()", "f.clear()"]:
            with self.subTest(source), self.assertRaises(SecurityError):
                render("{{ " + source + " }}", **values)

    def test_a_traceback_is_hidden(self):
        try:
            raise ValueError
        except ValueError as error:
            traceback = error.__traceback__
        self.assertEqual(render("{{ t.tb_frame }}{{ t.tb_next }}", t=traceback), "")

    def test_calls_that_are_marked_are_refused(self):
        for source in [
            "{{ x.delete() }}",
            "{{ x.save() }}",
            "{% set f = x.delete %}{{ f() }}",
            "{% call x.save() %}{% endcall %}",
        ]:
            with self.subTest(source), self.assertRaises(SecurityError):
                render(source)

    def test_rules_can_be_made_stricter_or_looser(self):
        class Own(SandboxedEnvironment):
            def is_safe_attribute(self, obj, attr, value):
                return attr == "_password"

            def is_safe_callable(self, obj):
                return False

        self.assertEqual(render("{{ x._password }}{{ x.name }}", Own()), "secret")
        with self.assertRaises(SecurityError):
            render("{{ range(1) }}", Own())

    def test_the_rules_can_be_asked(self):
        self.assertTrue(is_internal_attribute(str, "mro"))
        self.assertFalse(is_internal_attribute("", "upper"))
        self.assertTrue(modifies_known_mutable({}, "update"))
        self.assertFalse(modifies_known_mutable({}, "keys"))
        self.assertFalse(modifies_known_mutable("", "update"))

    def test_an_overlay_is_a_sandbox_too(self):
        self.assertEqual(render("{{ x.__class__ }}", SANDBOX.overlay(autoescape=True)), "")

    def test_an_asynchronous_template_is_watched_too(self):
        environment = SandboxedEnvironment(enable_async=True)
        template = environment.from_string("{{ [x]|map(attribute='__class__')|list }}{{ x.__class__.x }}")
        with self.assertRaises(SecurityError):
            asyncio.run(template.render_async(x=Person()))

    def test_names_of_the_engine_do_not_lead_to_the_environment(self):
        source = """{% macro m() %}{% endmacro %}{% block b %}{% endblock %}{% set ns = namespace(a=1) %}
            {% for n in [1] %}{% for part in [loop, m, self, self.b, ns, cycler(1), joiner(), lipsum, range] %}
            {% for name in names %}{% if part[name] is defined or part|attr(name) is defined %}{{ name }}!{% endif %}
            {% endfor %}{% endfor %}{% endfor %}"""
        names = "environment context _environment _context eval_ctx root_render_func blocks globals loader __dict__"
        self.assertEqual(render(source, names=names.split()).strip(), "")


class FormatTest(unittest.TestCase):
    """str.format() looks attributes up on its own."""

    def test_format_strings_work(self):
        for source, expected in [
            ("{{ '{0.name}, {x[key]}, {y!r:>5}{{}}'.format(x, x=x, y='a') }}", "Tom, item,   'a'{}"),
            ("{{ '{} {}'.format(1, 2) }}{{ '{:{}}|'.format(1, 3) }}", "1 2  1|"),
            ("{{ '{a}'.format_map({'a': 1}) }}", "1"),
            ("{{ ['{}']|map(attribute='format')|first is callable }}", "True"),
        ]:
            with self.subTest(source):
                self.assertEqual(render(source), expected)

    def test_what_is_formatted_into_markup_is_escaped(self):
        self.assertEqual(
            render("{{ m.format('<', x) }}", ESCAPING, m=Markup("<b>{}{1.name}"), x=Person("&")), "<b>&lt;&amp;"
        )
        self.assertEqual(render("{{ m.format_map({'a': '<'}) }}", ESCAPING, m=Markup("<b>{a}")), "<b>&lt;")

    def test_they_do_not_reach_what_is_hidden(self):
        for pattern in ["'{0.__class__}'", "'{0._password}'", "'{0[__class__]}'", "('{0.__class__}'|safe)"]:
            for source in [
                "{{ (%s).format(x) }}",
                "{{ (%s|attr('format'))(x) }}",
                "{%% set f = (%s).format %%}{{ f(x) }}",
                "{%% set f = (%s)['format'] %%}{{ f(x) }}",
                "{{ ([%s]|map(attribute='format')|first)(x) }}",
                "{{ ([%s]|map('attr', 'format')|first)(x) }}",
                "{%% set f = (%s).format %%}{%% call f(x) %%}{%% endcall %%}",
            ]:
                with self.subTest(source % pattern):
                    self.assertEqual(render(source % pattern), "")
                    with self.assertRaises(SecurityError):
                        render(source % pattern.replace("}", ".x}"))

    def test_format_map_does_not_either(self):
        self.assertEqual(render("{{ '{x.__class__}'.format_map({'x': x}) }}"), "")
        for source in ["'{x.__class__.x}'.format_map({'x': x})", "('{x.__class__.x}'|attr('format_map'))({'x': x})"]:
            with self.subTest(source), self.assertRaises(SecurityError):
                render("{{ " + source + " }}")
        for source in ["''.format_map()", "''.format_map({}, {})", "''.format_map({}, a=1)"]:
            with self.subTest(source), self.assertRaises(TypeError):
                render("{{ " + source + " }}")

    def test_a_method_that_was_given_from_outside_does_not_either(self):
        self.assertEqual(render("{{ f(x) }}", f="{0.__class__}".format), "")
        self.assertEqual(render("{{ f({'x': x}) }}", f="{x.__class__}".format_map), "")

    def test_the_method_of_the_class_is_refused(self):
        for kind in [str, Markup]:
            for source in [
                "{{ str.format('{0.__class__}', x) }}",
                "{{ str['format_map']('{x.__class__}', {'x': x}) }}",
            ]:
                with self.subTest(source), self.assertRaises(SecurityError):
                    render(source, str=kind)
            for function, argument in [(kind.format, "x"), (kind.format_map, "{'x': x}")]:
                with self.subTest(function), self.assertRaises(SecurityError):
                    render("{{ f('{0.__class__}'|safe, " + argument + ") }}", f=function)


class LimitTest(unittest.TestCase):
    """What one expression could fill the memory with."""

    def test_grossly_large_values_are_refused(self):
        for source in [
            "range(10**6)",
            "range(10**9)",
            "range(10**30)",
            "'a' * 10**9",
            "10**9 * 'a'",
            "[0] * 10**9",
            "10 ** (10 ** 10)",
            "(10 ** 1000) ** 1000000",
            "'%1000000000d' % 1",
            "'%-1000000000s|' % 1",
            "'%.1000000000f' % 1",
            "'%(a)1000000000d' % {'a': 1}",
            "'%(%a)((b)) %(%a)1000000000d' % {'%a': 1}",
            "'%1000000000.5f' % 1",
            "'%.1000000000ld' % 1",
            "'%1000000000.*f' % (1, 1)",
            "'%*d' % (10**9, 1)",
            "'%1000000000d'|format(1)",
            "'%*d'|format(10**9, 1)",
            "'{:1000000000}'.format(1)",
            "'{:{}}'.format(1, 10**9)",
            "'a'.center(10**9)",
            "'a'.ljust(10**9)",
            "'a'.zfill(10**9)",
            "('a'|safe).rjust(10**9)",
            "'\t'.expandtabs(10**9)",
            "'a'|center(10**9)",
            "'a\nb'|indent(10**9)",
            "[1]|batch(10**9, 0)|list",
            "[1]|slice(10**9)|list",
            "5|round(10**9, 'ceil')",
        ]:
            with self.subTest(source), self.assertRaises(OverflowError):
                render("{{ " + source + " }}")

    def test_everyday_values_are_not(self):
        for source, expected in [
            ("range(100000)|length", "100000"),
            ("('a' * 1000)|length", "1000"),
            ("0 * 'a'", ""),
            ("2 ** 100", str(2**100)),
            ("2 ** -1", "0.5"),
            ("1 ** 10 ** 9", "1"),
            ("1.5 * 2", "3.0"),
            ("'* %s, call 5550123456 or 5550123457.' % 'a'", "* a, call 5550123456 or 5550123457."),
            ("'5550123456a'|format", "5550123456a"),
            ("'{:>3}'.format('a')", "  a"),
            ("'a'.center(3)", " a "),
            ("'%s'|format('a')", "a"),
        ]:
            with self.subTest(source):
                self.assertEqual(render("{{ " + source + " }}"), expected)

    def test_range_by_itself(self):
        self.assertEqual(list(safe_range(1, 5, 2)), [1, 3])
        with self.assertRaises(OverflowError):
            safe_range(100_001)

    def test_operators_can_be_intercepted(self):
        class Own(SandboxedEnvironment):
            intercepted_binops = frozenset({"+", "//"})
            intercepted_unops = frozenset({"-"})

            def call_binop(self, context, operator, left, right):
                return (
                    f"{left} {operator} {right}"
                    if operator == "//"
                    else super().call_binop(context, operator, left, right)
                )

            def call_unop(self, context, operator, arg):
                return f"minus {arg}"

        self.assertEqual(
            render("{{ 1 // 2 }}, {{ 1 + 2 }}, {{ -5 }}, {{ a // b }}", Own(), a=1, b=2), "1 // 2, 3, minus 5, 1 // 2"
        )

    def test_an_ordinary_environment_has_no_limits(self):
        self.assertEqual(
            render("{{ range(200000)|length }}{{ x.__class__.__name__ }}", Environment()), "200000Person"
        )


class ImmutableTest(unittest.TestCase):
    def test_what_is_given_cannot_be_changed(self):
        values = {
            "list": [1],
            "dict": {"a": 1},
            "set": {1},
            "deque": collections.deque([1]),
            "ordered": collections.OrderedDict(a=1),
            "counter": collections.Counter("a"),
            "bytes": bytearray(b"a"),
        }
        for source in [
            "list.append(2)",
            "list.pop()",
            "list.sort()",
            "list['clear']()",
            "(list|attr('insert'))(0, 2)",
            "([list]|map(attribute='append')|first)(1)",
            "dict.update(a=2)",
            "dict.setdefault('b', 1)",
            "dict.popitem()",
            "set.add(2)",
            "set.intersection_update([])",
            "deque.appendleft(0)",
            "deque.rotate(1)",
            "ordered.move_to_end('a')",
            "counter.subtract('a')",
            "bytes.extend('b')",
            "kinds.dict.update(dict, a=2)",
            "kinds.list.append(list, 2)",
        ]:
            with self.subTest(source):
                before = repr(values)
                with self.assertRaises(SecurityError):
                    render("{{ " + source + " }}", IMMUTABLE, kinds={"dict": dict, "list": list}, **values)
                self.assertEqual(repr(values), before)

    def test_it_can_be_read(self):
        self.assertEqual(
            render("{{ d.get('a') }}{{ d.keys()|list }}{{ l.index(2) }}", IMMUTABLE, d={"a": 1}, l=[2]), "1['a']0"
        )

    def test_the_other_sandbox_lets_it_be_changed(self):
        self.assertEqual(render("{{ l.append(2) }}{{ l }}", l=[1]), "None[1, 2]")
