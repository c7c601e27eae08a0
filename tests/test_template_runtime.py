import logging
import unittest

from nanoweb.template import (
    ChainableUndefined,
    DebugUndefined,
    Environment,
    StrictUndefined,
    Undefined,
    UndefinedError,
    make_logging_undefined,
    pass_context,
    pass_environment,
    pass_eval_context,
)
from nanoweb.template.contexts import Context
from nanoweb.template.runtime import Cycler, Joiner, LoopContext, Namespace, generate_lorem_ipsum


class UndefinedTest(unittest.TestCase):
    """What may be done with a value that is not there, in each of the four kinds."""

    def render(self, source, kind):
        return Environment(undefined=kind).from_string(source).render(o=object())

    def test_what_each_kind_allows(self):
        for kind, source, expected in [
            (Undefined, "{{ x }}{{ x|list }}{% if x %}1{% endif %}{{ x == y }}{{ x is defined }}", "[]TrueFalse"),
            (ChainableUndefined, "{{ x.y['z'].w }}", ""),
            (DebugUndefined, "{{ x }}{{ o.y }}", "{{ x }}{{ no such element: object object['y'] }}"),
            (StrictUndefined, "{{ x is defined }}{{ x|default(1) }}{{ 1 if o.y is defined else 2 }}", "False12"),
        ]:
            with self.subTest(kind.__name__):
                self.assertEqual(self.render(source, kind), expected)

    def test_what_each_kind_refuses(self):
        for kind, sources in [
            (Undefined, ["{{ x.y }}", "{{ x() }}", "{{ x + 1 }}", "{{ x < 1 }}", "{{ x[0] }}", "{{ -x }}"]),
            (ChainableUndefined, ["{{ x() }}", "{{ x.y + 1 }}"]),
            (StrictUndefined, ["{{ x }}", "{% if x %}{% endif %}", "{{ x == 1 }}", "{% for i in x %}{% endfor %}"]),
        ]:
            for source in sources:
                with (
                    self.subTest(source, kind=kind.__name__),
                    self.assertRaisesRegex(UndefinedError, "'x' is undefined"),
                ):
                    self.render(source, kind)

    def test_python_can_ask_it_for_its_protocols(self):
        self.assertFalse(hasattr(Undefined(name="x"), "__html__"))
        self.assertEqual(hash(Undefined(name="x")), hash(Undefined(name="y")))

    def test_one_kind_writes_to_a_log(self):
        kind = make_logging_undefined(logging.getLogger("nanoweb.test"))
        with self.assertLogs("nanoweb.test") as logs:
            self.assertEqual(self.render("{{ x }}", kind), "")
            self.assertRaises(UndefinedError, self.render, "{{ x.y }}", kind)
        self.assertEqual([record.levelname for record in logs.records], ["WARNING", "ERROR"])


class ContextTest(unittest.TestCase):
    """The names of a template, and the functions that ask for them."""

    def test_a_function_is_passed_what_it_asks_for(self):
        @pass_context
        def from_context(context, name):
            return context[name]

        @pass_eval_context
        def from_eval_context(eval_ctx):
            return eval_ctx.autoescape

        @pass_environment
        def from_environment(environment):
            return environment is there

        there = Environment(autoescape=True)
        there.globals.update(c=from_context, e=from_eval_context, n=from_environment)
        source = "{{ c('a') }}{{ e() }}{{ n() }}{% for i in [1] %}{% set x = 5 %}{{ c('x') }}{% endfor %}"
        self.assertEqual(there.from_string(source).render(a=1), "1TrueTrue5")
        for inner, expected in [
            ("{% if i %}{% set a = 5 %}{% endif %}", "15"),
            ("{% if i %}{% set a = 5 %}{% else %}{% set a = 4 %}{% endif %}", "45"),
        ]:
            with self.subTest(inner):
                source = f"{{% for i in [0, 1] %}}{inner}{{{{ c('a') }}}}{{% endfor %}}"
                self.assertEqual(there.from_string(source).render(a=1), expected)

    def test_a_context_is_a_mapping_of_its_names(self):
        template = Environment().from_string("{% set b = 2 %}{% set _c = 3 %}")
        context = template.new_context({"a": 1})
        template.writing.root(context, None, None)
        self.assertEqual((context["a"], context["b"], "c" in context, context.get("c", 4)), (1, 2, False, 4))
        self.assertEqual(context.get_exported(), {"b": 2})
        self.assertIsInstance(context.resolve("c"), Undefined)
        self.assertRaises(KeyError, lambda: context["c"])

    def test_a_subclass_may_know_more_names(self):
        class Shouting(Context):
            def resolve_or_missing(self, key):
                return key.upper() if key.startswith("x") else super().resolve_or_missing(key)

        environment = Environment()
        environment.context_class = Shouting
        self.assertEqual(environment.from_string("{{ xy }}{{ a }}").render(a=1), "XY1")

    def test_a_stop_iteration_ends_no_loop(self):
        def stop():
            raise StopIteration

        self.assertEqual(
            Environment().from_string("{% for i in 'ab' %}{{ i }}{{ f() }}{% endfor %}").render(f=stop), "ab"
        )


class LoopTest(unittest.TestCase):
    """ "loop", over what has a length and over what does not."""

    def test_a_loop_knows_where_it_is(self):
        for items in ["abc", iter("abc")]:
            found = [
                (item, loop.index, loop.index0, loop.revindex, loop.revindex0, loop.first, loop.last, loop.length)
                for item, loop in LoopContext(items, Undefined)
            ]
            self.assertEqual(
                found,
                [
                    ("a", 1, 0, 3, 2, True, False, 3),
                    ("b", 2, 1, 2, 1, False, False, 3),
                    ("c", 3, 2, 1, 0, False, True, 3),
                ],
            )

    def test_a_loop_shows_what_comes_before_and_after(self):
        found = [(str(loop.previtem), str(loop.nextitem)) for _, loop in LoopContext(iter("abc"), Undefined)]
        self.assertEqual(found, [("", "b"), ("a", "c"), ("b", "")])

    def test_a_loop_takes_no_item_early_unless_it_is_looked_at(self):
        taken = []
        for _, loop in LoopContext(map(taken.append, "abc"), Undefined):
            if loop.index == 2:
                break
        self.assertEqual(taken, ["a", "b"])

    def test_cycle_and_changed(self):
        found = [(loop.cycle("x", "y"), loop.changed(item)) for item, loop in LoopContext("aab", Undefined)]
        self.assertEqual(found, [("x", True), ("y", False), ("x", True)])
        _, loop = next(LoopContext("a", Undefined))
        self.assertRaises(TypeError, loop.cycle)
        self.assertRaises(TypeError, loop, "abc")


class GlobalsTest(unittest.TestCase):
    """What every template has."""

    def test_they_do_what_they_say(self):
        joiner, cycler = Joiner("; "), Cycler("a", "b")
        self.assertEqual([joiner(), joiner(), joiner()], ["", "; ", "; "])
        self.assertEqual([cycler.next(), cycler.next(), cycler.current], ["a", "b", "a"])
        self.assertRaises(RuntimeError, Cycler)
        namespace = Namespace({"a": 1}, b=2)
        namespace["c"] = 3
        self.assertEqual((namespace.a, namespace.b, namespace.c), (1, 2, 3))
        self.assertRaises(AttributeError, lambda: namespace.d)

    def test_lipsum_gives_paragraphs(self):
        self.assertEqual(generate_lorem_ipsum(n=3).count("<p>"), 3)
        self.assertEqual(generate_lorem_ipsum(n=2, html=False).count("\n\n"), 1)
