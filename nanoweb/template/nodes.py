"""The tree of a template: what the parser builds and the compiler walks.

    {{ a + 1 }}     Output([Binary("+", Name("a"), Constant(1))])

A class for each thing that the language has, and no more in it than its parts.  "fields" names them in the order in
which they are given; each node knows the line that it begins in.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_INIT = """
def __init__(self, lineno, {arguments}):
    self.lineno = lineno
{assignments}
"""


class Node:
    """A part of the tree.

    >>> Binary(3, "+", Name(3, "a"), Constant(3, 1))
    Binary('+', Name('a'), Constant(1))

    Each class is given an __init__ that takes the line and its fields, written out as one would by hand:
    a loop over the names takes three times as long, and a template has thousands of nodes.
    """

    __slots__ = ("lineno",)
    fields: tuple[str, ...] = ()
    lineno: int

    def __init_subclass__(cls) -> None:
        if cls.__slots__:
            assignments = "".join(f"    self.{name} = {name}\n" for name in cls.fields)
            names: dict[str, Any] = {}
            exec(_INIT.format(arguments=", ".join(cls.fields), assignments=assignments), names)
            cls.__init__ = names["__init__"]  # type: ignore[method-assign]

    def __init__(self, lineno: int, *parts: Any) -> None:
        self.lineno = lineno

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def children(self) -> Iterator[Node]:
        """Yield the nodes right below this one."""
        waiting = [getattr(self, name) for name in reversed(self.fields)]
        while waiting:
            part = waiting.pop()
            if isinstance(part, Node):
                yield part
            elif isinstance(part, (list, tuple)):  # of nodes, or as the branches of an "if": of tuples of lists
                waiting.extend(reversed(part))

    def find_all(self, kind: type[Node] | tuple[type[Node], ...]) -> Iterator[Node]:
        """Yield the nodes of a class among all that are below this one."""
        for child in self.children():
            if isinstance(child, kind):
                yield child
            yield from child.find_all(kind)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(repr(getattr(self, name)) for name in self.fields)})"


class Expression(Node):
    """What has a value."""

    __slots__ = ()


class Statement(Node):
    """What does something."""

    __slots__ = ()


# Expressions


class Constant(Expression):
    fields = __slots__ = ("value",)


class Name(Expression):
    fields = __slots__ = ("name",)


class NamespaceAttribute(Expression):
    """ns.attribute, where it is assigned to."""

    fields = __slots__ = ("name", "attribute")


class TupleLiteral(Expression):
    fields = __slots__ = ("items",)


class ListLiteral(Expression):
    fields = __slots__ = ("items",)


class DictLiteral(Expression):
    """pairs: (key, value)"""

    fields = __slots__ = ("pairs",)


class Unary(Expression):
    """operator: "-", "+" or "not" """

    fields = __slots__ = ("operator", "operand")


class Binary(Expression):
    """operator: one of + - * / // % ** and or"""

    fields = __slots__ = ("operator", "left", "right")


class Compare(Expression):
    """a < b <= c; rest: (operator, expression)"""

    fields = __slots__ = ("first", "rest")


class Concat(Expression):
    """a ~ b ~ c"""

    fields = __slots__ = ("items",)


class Conditional(Expression):
    """value if test else other; other is None if there is no "else"."""

    fields = __slots__ = ("test", "value", "other")


class Attribute(Expression):
    """owner.name"""

    fields = __slots__ = ("owner", "name")


class Item(Expression):
    """owner[key]"""

    fields = __slots__ = ("owner", "key")


class Slice(Expression):
    """start:stop:step, each of which may be None."""

    fields = __slots__ = ("start", "stop", "step")


class Arguments(Node):
    """What stands in the brackets of a call.

    named   (name, expression)
    rest    what is behind "*", or None
    more    what is behind "**", or None
    """

    fields = __slots__ = ("positional", "named", "rest", "more")


class Call(Expression):
    fields = __slots__ = ("function", "arguments")


class Filter(Expression):
    """value|name(arguments); value is None if it is the text of a block."""

    fields = __slots__ = ("value", "name", "arguments")


class Test(Expression):
    """value is name(arguments)"""

    fields = __slots__ = ("value", "name", "arguments")


class Debug(Expression):
    """What {% debug %} shows."""

    __slots__ = ()


# Statements


class Template(Node):
    __slots__ = ("body", "environment")  # the latter is there after Environment.parse()
    fields = ("body",)


class Text(Statement):
    fields = __slots__ = ("text",)


class Output(Statement):
    """{{ expression }}, several of them in {% print %}"""

    fields = __slots__ = ("expressions",)


class For(Statement):
    """test and orelse may be None."""

    fields = __slots__ = ("target", "iterable", "test", "recursive", "body", "orelse")


class If(Statement):
    """branches: (test, body), of which only the last may have no test"""

    fields = __slots__ = ("branches",)


class Assign(Statement):
    fields = __slots__ = ("target", "value")


class AssignBlock(Statement):
    """{% set target | filter %}body{% endset %}; filter is None if there is none."""

    fields = __slots__ = ("target", "filter", "body")


class With(Statement):
    """assignments: (target, expression)"""

    fields = __slots__ = ("assignments", "body")


class Block(Statement):
    fields = __slots__ = ("name", "body", "scoped", "required")


class Extends(Statement):
    fields = __slots__ = ("template",)


class Include(Statement):
    fields = __slots__ = ("template", "ignore_missing", "with_context")


class Import(Statement):
    fields = __slots__ = ("template", "target", "with_context")


class FromImport(Statement):
    """names: (name, name here)"""

    fields = __slots__ = ("template", "names", "with_context")


class Macro(Statement):
    """parameters: (name, default), of which None is none"""

    fields = __slots__ = ("name", "parameters", "body")


class CallBlock(Statement):
    fields = __slots__ = ("parameters", "call", "body")


class FilterBlock(Statement):
    fields = __slots__ = ("filter", "body")


class Autoescape(Statement):
    fields = __slots__ = ("enabled", "body")


class Do(Statement):
    """{% do expression %}"""

    fields = __slots__ = ("expression",)


class Break(Statement):
    __slots__ = ()


class Continue(Statement):
    __slots__ = ()
