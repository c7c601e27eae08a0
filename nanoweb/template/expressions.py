"""From the expressions of a template to Python source.

    {{ user.name|upper }}      filter_upper(attribute(l_user, 'name'))

The first half of the compiler: what has a value.  Each method takes a node and the frame that it stands in, and
returns source; EXPRESSIONS says which of them is for which node.  How names are compiled is told in compiler.
"""

from __future__ import annotations

from keyword import iskeyword

from . import nodes
from .errors import TemplateAssertionError, TemplateSyntaxError
from .frames import target_names
from .tests import TESTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["SPECIALS", "ExpressionCompiler"]

# What "loop" has: such an attribute is read without asking the environment.
_LOOP_ATTRIBUTES = set(
    "changed cycle depth depth0 first index index0 last length nextitem previtem revindex revindex0".split()
)

# What a macro has besides its parameters, if it uses it.
SPECIALS = ("caller", "kwargs", "varargs")


def _dict(pairs):
    """The source of a dict whose keys are texts."""
    return f"{{{', '.join([f'{name!r}: {value}' for name, value in pairs])}}}"


class ExpressionCompiler:
    """Compiles the expressions of one template.

    unit    what the function being written looks up when it begins: {(kind, name): local}
    """

    def __init__(self, environment, name, filename, mode):
        self.environment = environment
        self.name = name
        self.filename = filename
        self.mode = mode
        self.is_async = mode == "async"
        self.define = "async def" if self.is_async else "def"
        self.sandboxed = environment.sandboxed
        self.used = {"write": 0}  # {name: how many numbers have been tried behind it}; "write" is a parameter
        self.unit = {}

    def fail(self, message, lineno, kind=TemplateAssertionError):
        raise kind(message, lineno, self.name, self.filename)

    # Names

    def new_name(self, stem):
        """Return a name for Python that the template's source has not used yet."""
        if not stem.isascii():  # Python takes some letters of other scripts for the same
            stem = stem.partition("_")[0] + "_name"
        name, number = stem, self.used.get(stem, 0) + 1
        while name in self.used:
            number += 1
            name = f"{stem}_{number}"
        self.used[stem] = number - 1  # where to go on looking
        self.used[name] = 0
        return name

    def collect(self, body, frame):
        """Give a local to each name that the statements of a frame assign."""
        for node in body:
            kind = type(node)
            if kind is nodes.Assign or kind is nodes.AssignBlock:
                for name in target_names(node.target):
                    self.declare(name, frame)
            elif kind is nodes.Macro:
                self.declare(node.name, frame)
            elif kind is nodes.Import:
                self.declare(node.target, frame)
            elif kind is nodes.FromImport:
                for _, alias in node.names:
                    self.declare(alias, frame)
            elif kind is nodes.If:
                for _, branch in node.branches:
                    self.collect(branch, frame)

    def declare(self, name, frame):
        if name not in frame.names:
            frame.names[name] = self.new_name(f"l_{name}")
        return frame.names[name]

    def close(self, frame):
        """Write what a frame begins with: the outer values of the names that need one."""
        for name, local in frame.initial.items():
            outer, _ = self.find(name, frame.parent)
            frame.slot.append(f"{local} = {outer}")

    def find(self, name, frame):
        """Return the local of a name, and whether it surely has a value."""
        while frame is not None:
            local = frame.names.get(name)
            if local is not None:
                if name in frame.sure:
                    return local, True
                if name not in frame.parameters:
                    frame.initial[name] = local
                return local, False
            if self.is_special(name, frame):
                return self.special(name, frame), True
            if frame.parent is None and (name == "self" or (name == "super" and frame.kind == "block")):
                return self.need(name, name, f"l_{name}"), True
            frame = frame.parent
        return self.need("name", name, f"l_{name}"), False

    def special(self, name, frame):
        """Return the local of "loop", or of what a macro gets besides its parameters."""
        if name == "loop":
            return frame.specials.setdefault(name, frame.loop)
        outer = frame
        while outer is not None:  # a macro takes what one within it uses, too
            if outer.kind == "macro" and name not in outer.specials:
                outer.specials[name] = self.new_name(f"l_{name}")
            outer = outer.parent
        return frame.specials[name]

    def is_special(self, name, frame):
        if frame.kind == "for":
            return name == "loop" and frame.loop is not None
        return frame.kind == "macro" and name in SPECIALS

    def need(self, kind, name, stem):
        """Have the function look something up when it begins; return its local."""
        key = (kind, name)
        if key not in self.unit:
            self.unit[key] = self.new_name(stem)
        return self.unit[key]

    def locals(self, frame):
        """Return the source of a dict with the names that are not in the context."""
        found = {}
        while frame is not None and frame.kind != "root":
            for name in (*frame.names, *frame.specials):
                if name not in found:
                    found[name] = self.find(name, frame)[0]
            frame = frame.parent
        return _dict(found.items()) if found else None

    # Expressions: each method returns source

    def expression(self, node, frame):
        return EXPRESSIONS[type(node)](self, node, frame)

    def awaited(self, source):
        return f"(await auto_await({source}))" if self.is_async else source

    def constant(self, node, frame):
        value = node.value
        return (
            f"float({str(value)!r})"
            if type(value) is float and value in (float("inf"), -float("inf"))
            else repr(value)
        )

    def load(self, node, frame):
        local, sure = self.find(node.name, frame)
        return local if sure else f"({local} if {local} is not missing else undefined(name={node.name!r}))"

    def namespace_attribute(self, node, frame):
        return self.fail("a namespace's attribute is no expression", node.lineno)

    def tuple(self, node, frame):
        items = [self.expression(item, frame) for item in node.items]
        return f"({', '.join(items)}{',' if len(items) == 1 else ''})"

    def list(self, node, frame):
        return f"[{', '.join([self.expression(item, frame) for item in node.items])}]"

    def dict(self, node, frame):
        pairs = [f"{self.expression(key, frame)}: {self.expression(value, frame)}" for key, value in node.pairs]
        return f"{{{', '.join(pairs)}}}"

    def unary(self, node, frame):
        operand = self.expression(node.operand, frame)
        if self.sandboxed and node.operator in self.environment.intercepted_unops:
            return f"environment.call_unop(context, {node.operator!r}, {operand})"
        return f"(not {operand})" if node.operator == "not" else f"({node.operator}{operand})"

    def binary(self, node, frame):
        left, right = self.expression(node.left, frame), self.expression(node.right, frame)
        if self.sandboxed and node.operator in self.environment.intercepted_binops:
            return f"environment.call_binop(context, {node.operator!r}, {left}, {right})"
        return f"({left} {node.operator} {right})"

    def compare(self, node, frame):
        rest = [f" {operator} {self.expression(operand, frame)}" for operator, operand in node.rest]
        return f"({self.expression(node.first, frame)}{''.join(rest)})"

    def concat(self, node, frame):
        items = ", ".join([self.expression(item, frame) for item in node.items])
        if frame.autoescape is None:
            return f"(markup_join if context.eval_ctx.autoescape else str_join)(({items},))"
        return f"{'markup_join' if frame.autoescape else 'str_join'}(({items},))"

    def conditional(self, node, frame):
        soft, frame.soft = frame.soft, True
        test = self.expression(node.test, frame)
        value = self.expression(node.value, frame)
        if node.other is not None:
            other = self.expression(node.other, frame)
        else:
            hint = (
                f"the inline if-expression on line {node.lineno} evaluated to false and no else section was defined."
            )
            other = f"Undefined({hint!r})"
        frame.soft = soft
        return f"({value} if {test} else {other})"

    def attribute(self, node, frame):
        owner = self.expression(node.owner, frame)
        if type(node.owner) is nodes.Name and self.is_loop(node.owner.name, frame) and node.name in _LOOP_ATTRIBUTES:
            return self.awaited(f"{owner}.{node.name}")
        return self.awaited(f"attribute({owner}, {node.name!r})")

    def is_loop(self, name, frame):
        """Tell whether a name is "loop", and that of a loop; a sandbox is asked all the same."""
        while frame is not None and name == "loop" and not self.sandboxed:
            if "loop" in frame.names:
                return False
            if frame.kind == "for" and frame.loop is not None:
                return True
            frame = frame.parent
        return False

    def item(self, node, frame):
        owner = self.expression(node.owner, frame)
        if type(node.key) is nodes.Slice:
            return f"{owner}[{self.slice(node.key, frame)}]"
        return self.awaited(f"item({owner}, {self.expression(node.key, frame)})")

    def slice(self, node, frame):
        parts = [node.start, node.stop] if node.step is None else [node.start, node.stop, node.step]
        return ":".join([self.expression(part, frame) if part is not None else "" for part in parts])

    def slice_object(self, node, frame):
        """A slice that is not the whole key: a[1:2, 3]"""
        parts = [self.expression(part, frame) if part else "None" for part in (node.start, node.stop, node.step)]
        return f"slice({', '.join(parts)})"

    def arguments(self, node, frame, more=()):
        """The source of the arguments of a call, each with a comma before it.

        more   (name, source) of those that the template does not write
        """
        parts = []
        if node is not None:
            parts = [self.expression(value, frame) for value in node.positional]
            named = [(name, self.expression(value, frame)) for name, value in node.named]
        else:
            named = []
        named += more
        self.check_once([name for name, _ in named], "keyword argument", node)
        if node is not None and node.rest is not None:
            parts.append(f"*{self.expression(node.rest, frame)}")
        # Python takes no keyword for a name, and takes some letters of other scripts for the same.
        plain = all(name.isascii() and not iskeyword(name) and name != "__debug__" for name, _ in named)
        parts += [f"{name}={value}" for name, value in named] if plain else []
        if not plain:
            parts.append(f"**{_dict(named)}")
        if node is not None and node.more is not None:
            parts.append(f"**{self.expression(node.more, frame)}")
        return "".join([f", {part}" for part in parts])

    def check_once(self, names, what, node):
        """Refuse names of which one is there twice."""
        if len(set(names)) < len(names):
            name = next(name for name in names if names.count(name) > 1)
            self.fail(f"{what} {name!r} is there twice", node.lineno, TemplateSyntaxError)

    def call(self, node, frame, caller=None):
        function = self.expression(node.function, frame)
        arguments = self.arguments(node.arguments, frame, [("caller", caller)] if caller else [])
        if self.sandboxed:
            return self.awaited(f"environment.call(context, {function}{arguments})")
        if frame.kind in ("for", "block") and frame.set_here:
            names = _dict([(name, self.find(name, frame)[0]) for name in frame.set_here])
            return self.awaited(f"context.call_within({names}, {function}{arguments})")
        self.unit[("call", "")] = "call"
        return self.awaited(f"call({function}{arguments})")

    def filter(self, node, frame, text=None):
        """The source of a filter's call; text is what is filtered if that is a block."""
        if node.value is None:
            value = text
        elif type(node.value) is nodes.Filter and text is not None:
            value = self.filter(node.value, frame, text)
        else:
            value = self.expression(node.value, frame)
        return self.apply("filter", node, value, frame)

    def test(self, node, frame):
        if node.name in ("defined", "undefined") and type(node.value) is nodes.Name and node.arguments is None:
            local, sure = self.find(node.value.name, frame)
            if not sure and self.environment.tests.get(node.name) is TESTS[node.name]:
                is_defined = f"({local} is not missing and not isinstance({local}, Undefined))"
                return is_defined if node.name == "defined" else f"(not {is_defined})"
        return self.apply("test", node, self.expression(node.value, frame), frame)

    def apply(self, kind, node, value, frame):
        function = getattr(self.environment, f"{kind}s").get(node.name)
        if function is None and not frame.soft:
            self.fail_missing(kind, node)
        local = self.need(
            kind, node.name, f"{kind}_{''.join([c if c.isalnum() and c.isascii() else '_' for c in node.name])}"
        )
        return self.awaited(f"{local}({self.passed(function)}{value}{self.arguments(node.arguments, frame)})")

    def fail_missing(self, kind, node):
        from difflib import get_close_matches  # only a mistake is worth the import

        close = get_close_matches(node.name, getattr(self.environment, f"{kind}s"), 1)
        hint = f" Is it {close[0]!r}?" if close else ""
        self.fail(f"No {kind} named {node.name!r}.{hint}", node.lineno)

    def passed(self, function):
        """The source of what a function has asked for first, with a comma."""
        wanted = getattr(function, "jinja_pass_arg", "")
        return {"context": "context, ", "eval_context": "context.eval_ctx, ", "environment": "environment, "}.get(
            wanted, ""
        )

    def debug(self, node, frame):
        return "describe_context(context)"


EXPRESSIONS: dict[Any, Any] = {
    nodes.Attribute: ExpressionCompiler.attribute,
    nodes.Binary: ExpressionCompiler.binary,
    nodes.Call: ExpressionCompiler.call,
    nodes.Compare: ExpressionCompiler.compare,
    nodes.Concat: ExpressionCompiler.concat,
    nodes.Conditional: ExpressionCompiler.conditional,
    nodes.Constant: ExpressionCompiler.constant,
    nodes.Debug: ExpressionCompiler.debug,
    nodes.DictLiteral: ExpressionCompiler.dict,
    nodes.Filter: ExpressionCompiler.filter,
    nodes.Item: ExpressionCompiler.item,
    nodes.ListLiteral: ExpressionCompiler.list,
    nodes.Name: ExpressionCompiler.load,
    nodes.NamespaceAttribute: ExpressionCompiler.namespace_attribute,
    nodes.Slice: ExpressionCompiler.slice_object,
    nodes.Test: ExpressionCompiler.test,
    nodes.TupleLiteral: ExpressionCompiler.tuple,
    nodes.Unary: ExpressionCompiler.unary,
}
