"""Whatever is wrong, and however a template is rendered: the traceback shows its name, the line and its text."""

import asyncio
import contextlib
import gc
import re
import tempfile
import traceback
import unittest
from pathlib import Path

from nanoweb.template import DictLoader, Environment, FileSystemLoader

SOURCES = {
    "syntax": "a\n{{ x y }}\n",
    "tag": "{% for a in b %}\n{% fi x %}{% endfor %}",
    "end": "{% if x %}\n{% for a in b %}\n{% endif %}",
    "open": "\n{% block a %}x",
    "filter": "\n{{ x|uper }}",
    "test": "\n{{ x is evn }}",
    "undefined attribute": "\n{{ x.y.z }}",
    "undefined name": "\n\n{{ nope.y }}",
    "operator": "\n{{ 1 / z }}",
    "include": "\n{% include 'operator' %}",
    "include of a list": "{% include ['no', 'include'] %}",
    "include of what cannot be read": "\n{% include 'syntax' %}",
    "include of what is not there": "\n{% include 'nope' %}",
    "macros": "{% macro m(z) %}\n\n{{ 1 / z }}{% endmacro %}",
    "import": "\n{% import 'macros' as l %}\n{{ l.m(0) }}",
    "from": "{% from 'macros' import m %}\n{{ m(0) }}",
    "from of what is not there": "\n{% from 'macros' import nope %}\n{{ nope() }}",
    "base": "<\n{% block b %}\n{{ 1 / z }}{% endblock %}",
    "child": "{% extends 'base' %}\n{% block b %}\n\n{{ 1 / z }}{% endblock %}",
    "child with super": "{% extends 'base' %}\n{% block b %}\n\n{{ super() }}{% endblock %}",
    "call of a filter": "\n{{ x|fail }}",
    "call of a function": "\n{{ fail(x) }}",
    "set block": "\n{% set q %}\n{{ 1 / z }}\n{% endset %}",
    "several expressions": "{{ a }}\n{{ b }}\n{{ 1 / z }}\n{{ c }}",
    "loop": "{% for a in [1] %}\n{{ a.b.c }}{% endfor %}",
    "call block": "{% macro m() %}{{ caller() }}{% endmacro %}\n{% call m() %}\n{{ 1 / z }}{% endcall %}",
    "circle": "\n{% include 'half' %}",
    "half": "{% include 'circle' %}",
}

# What is shown: (template, line) of each of its frames, and the words of the error.
EXPECTED = [
    ("syntax", "syntax 2", "expected token 'end of print statement', got 'y'"),
    ("tag", "tag 2", "unknown tag 'fi'.* 'endfor' .*innermost block that is open is 'for', from line 1"),
    ("end", "end 3", "unknown tag 'endif'.* 'endfor' .*innermost block that is open is 'for', from line 2"),
    ("open", "open 2", "end of template, expected was 'endblock'.*is 'block', from line 2"),
    ("filter", "filter 2", "No filter named 'uper'. Is it 'upper'?"),
    ("test", "test 2", "No test named 'evn'. Is it 'even'?"),
    ("undefined attribute", "undefined attribute 2", "object' has no attribute 'y'"),
    ("undefined name", "undefined name 3", "'nope' is undefined"),
    ("operator", "operator 2", "ZeroDivisionError"),
    ("include", "include 2, operator 2", "ZeroDivisionError"),
    ("include of a list", "include of a list 1, include 2, operator 2", "ZeroDivisionError"),
    ("include of what cannot be read", "include of what cannot be read 2, syntax 2", "expected token"),
    ("include of what is not there", "include of what is not there 2", "TemplateNotFound: .*nope"),
    ("import", "import 3, macros 3", "ZeroDivisionError"),
    ("from", "from 2, macros 3", "ZeroDivisionError"),
    ("from of what is not there", "from of what is not there 3", "'macros' .* does not export .* 'nope'"),
    ("base", "base 2, base 3", "ZeroDivisionError"),
    ("child", "child 1, base 2, child 4", "ZeroDivisionError"),
    ("child with super", "child with super 1, base 2, child with super 4, base 3", "ZeroDivisionError"),
    ("call of a filter", "call of a filter 2", "KeyError: 'fail'"),
    ("call of a function", "call of a function 2", "KeyError: 'fail'"),
    ("set block", "set block 3", "ZeroDivisionError"),
    ("several expressions", "several expressions 3", "ZeroDivisionError"),
    ("loop", "loop 2", "has no attribute 'b'"),
    ("call block", "call block 2, call block 1, call block 3", "ZeroDivisionError"),
    ("circle", "circle 2, half 1", "'circle', line 2 -> 'half', line 1 -> ..."),
]


def fail(value):
    raise KeyError("fail")


async def render_async(template, values):
    return "".join([piece async for piece in template.generate_async(values)])


WAYS = {
    "render": lambda template, values: template.render(values),
    "generate": lambda template, values: list(template.generate(values)),
    "stream": lambda template, values: list(template.stream(values)),
    "async": lambda template, values: asyncio.run(template.render_async(values)),
    "generate_async": lambda template, values: asyncio.run(render_async(template, values)),
}


class TracebackTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for name, source in SOURCES.items():
            (self.folder / name).write_text(source, encoding="utf-8")

    def read_traceback(self, loader, name, way):
        """Return the text of the traceback with which a template fails."""
        environment = Environment(loader=loader, enable_async="async" in way)
        environment.filters["fail"] = fail
        try:
            WAYS[way](environment.get_template(name), {"x": object(), "z": 0, "fail": fail})
        except Exception:  # any of them is to be shown
            return traceback.format_exc()
        return self.fail("there was no error")

    def test_each_error_is_shown_in_the_template_s_own_lines(self):
        shown_re = re.compile(r'File "(?:<template )?([^"<>]*?)>?", line ([0-9]+).*\n +(.*)')
        for loader in (FileSystemLoader(self.folder), DictLoader(SOURCES)):
            for way in WAYS:
                for name, frames, words in EXPECTED:
                    if "async" in way and name == "circle":
                        continue  # Python's asyncio, too, is at the end of the stack then, and complains
                    with self.subTest(name, way=way, loader=type(loader).__name__):
                        text = self.read_traceback(loader, name, way)
                        found = [(Path(match[1]).name, int(match[2]), match[3]) for match in shown_re.finditer(text)]
                        found = [(file, line, source) for file, line, source in found if file in SOURCES]
                        self.assertEqual(", ".join([f"{file} {line}" for file, line, _ in found]), frames)
                        self.assertRegex(text, words)
                        for file, line, source in found:
                            self.assertEqual(SOURCES[file].splitlines()[line - 1], source)
                        self.assertNotIn("parser.py", text)

    def test_a_template_without_a_name_shows_its_lines_too(self):
        try:
            Environment().from_string("a\n{{ 1 / 0 }} here").render()
        except ZeroDivisionError:
            text = traceback.format_exc()
        self.assertRegex(text, r'File "<template>", line 2.*\n +\{\{ 1 / 0 \}\} here')

    def test_an_error_leaves_nothing_to_the_garbage_collector(self):
        environment = Environment(loader=DictLoader({"circle": "{% include 'circle' %}", "division": "{{ 1 // 0 }}"}))
        self.addCleanup(gc.enable)
        gc.disable()
        for name, error in (("division", ZeroDivisionError), ("circle", RecursionError)):
            with self.subTest(name):
                for _ in range(2):  # what is loaded when first used is no matter
                    gc.collect()
                    with contextlib.suppress(error):
                        environment.get_template(name).render()
                self.assertEqual(gc.collect(), 0)
