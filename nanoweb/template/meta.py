"""What can be known of a template before it is rendered.

tree = environment.parse("{% extends 'base.html' %}{{ user.name }}")
find_undeclared_variables(tree)             {"user"}
list(find_referenced_templates(tree))       ["base.html"]
"""

from __future__ import annotations

from . import nodes
from .compiler import Compiler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["find_referenced_templates", "find_undeclared_variables"]


def find_undeclared_variables(ast: nodes.Template) -> set[str]:
    """Return the names that a template expects to be given: those that neither it sets nor its environment has.

    >>> from .environment import Environment
    >>> tree = Environment().parse("{% set a = 1 %}{{ a + b }}{% for n in range(c) %}{{ n }}{% endfor %}")
    >>> sorted(find_undeclared_variables(tree))
    ['b', 'c']

    ast      as Environment.parse() returns it
    raises   TemplateAssertionError    as for compiling: a block is there twice, a filter is missing
    """
    environment = ast.environment
    compiler = _NameFinder(environment, None, None, "async" if environment.is_async else "write")
    compiler.compile(ast)
    return compiler.looked_up - set(environment.globals)


class _NameFinder(Compiler):
    """A compiler that remembers the names its functions look up in the context."""

    def __init__(self, *args):
        super().__init__(*args)
        self.looked_up = set()

    def close_unit(self, frame):
        super().close_unit(frame)
        self.looked_up.update(name for kind, name in self.unit if kind == "name")


_REFERRING: Any = (nodes.Extends, nodes.FromImport, nodes.Import, nodes.Include)


def find_referenced_templates(ast: nodes.Template) -> Iterator[str | None]:
    """Yield the names that a template extends, imports or includes; None stands for one that it computes.

    >>> from .environment import Environment
    >>> tree = Environment().parse("{% extends 'base.html' %}{% include ['a.html', b] %}{% import c as d %}")
    >>> list(find_referenced_templates(tree))
    ['base.html', 'a.html', None, None]
    """
    for node in ast.find_all(_REFERRING):
        template = node.template
        listed = template.items if isinstance(template, (nodes.ListLiteral, nodes.TupleLiteral)) else [template]
        for name in listed:
            if not isinstance(name, nodes.Constant):
                yield None
            elif isinstance(name.value, str):
                yield name.value
            elif name is template:  # what is no name in a list is passed over
                yield None
