"""The grammar: from the tokens of a template to its tree.

    template     (text | "{{" tuple "}}" | "{%" statement "%}")*
    expression   or ["if" or ["else" expression]]
    or           and ("or" and)*
    and          not ("and" not)*
    not          "not" not | compare
    compare      sum (("==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not" "in") sum)*
    sum          concat (("+" | "-") concat)*
    concat       product ("~" product)*
    product      power (("*" | "/" | "//" | "%") power)*
    power        unary ("**" unary)*
    unary        ("-" | "+") unary | primary postfix* (filter | test)*
    postfix      "." name | "[" subscript "]" | "(" arguments ")"

The second of the engine's steps.  There is a method for each of these lines and for each tag; TAGS says which method
reads which tag, and an extension is nothing but more of them.  The brackets of {% block %} and its like are kept in
a stack, so that a message can say which tag has been left open.
"""

from __future__ import annotations

from . import nodes
from .errors import TemplateAssertionError, TemplateSyntaxError
from .lexer import describe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .environment import Environment
    from .lexer import Token

__all__ = ["TAGS", "Parser"]

_CONSTANTS = {"true": True, "True": True, "false": False, "False": False, "none": None, "None": None}
_COMPARISONS = {"==", "!=", "<", "<=", ">", ">="}
_LITERALS = {"string", "integer", "float"}
_LEAVING = {"variable_end", "block_end", ")"}  # where a tuple without brackets ends at the latest

# The first words that an argument of a test without brackets cannot be: "x is defined and y".
_NO_ARGUMENT = {"else", "or", "and", "if"}


def _close_matches(name, names):
    """Return what someone may have meant; only a mistake is worth the import."""
    from difflib import get_close_matches

    return get_close_matches(name, names, 1)


class Parser:
    """Reads one template.

    lineno, kind, value    the token that is looked at
    open_tags              (name, line, names of the tags that may end it) of the statements being read
    """

    def __init__(
        self,
        environment: Environment,
        tokens: list[Token],
        name: str | None = None,
        filename: str | None = None,
    ) -> None:
        self.environment = environment
        self.tags = environment.tags
        self.tokens = tokens
        self.name = name
        self.filename = filename
        self.open_tags: list[tuple[str, int]] = []
        self.position = 0
        self.lineno, self.kind, self.value = tokens[0]

    def parse(self) -> nodes.Template:
        """Return the tree of the whole template."""
        return nodes.Template(1, self.parse_body(None))

    # Tokens

    def advance(self) -> Any:
        """Go on to the next token; return the value of the one before."""
        value = self.value
        self.position += 1
        self.lineno, self.kind, self.value = self.tokens[self.position]
        return value

    def peek(self) -> tuple[str, Any]:
        """Return the kind and the value of the token after this one."""
        if self.kind == "eof":
            return "eof", None
        return self.tokens[self.position + 1][1:]

    def skip(self, kind: str) -> bool:
        """Go on if this is a token of that kind."""
        if self.kind == kind:
            self.advance()
            return True
        return False

    def is_word(self, word: str) -> bool:
        return self.kind == "name" and self.value == word

    def skip_word(self, word: str) -> bool:
        """Go on if this is that word."""
        if self.kind == "name" and self.value == word:
            self.advance()
            return True
        return False

    def expect(self, kind: str) -> Any:
        """Go on, return the value of the token; it is an error if it is of another kind."""
        if self.kind != kind:
            self.fail_expecting(describe(kind))
        return self.advance()

    def expect_word(self, word: str) -> None:
        if not self.skip_word(word):
            self.fail_expecting(word)

    def fail(self, message: str, lineno: int | None = None, kind: Any = TemplateSyntaxError) -> Any:
        """Raise an error at a line; at the line of this token if no other is named."""
        raise kind(message, self.lineno if lineno is None else lineno, self.name, self.filename)

    def fail_expecting(self, expected: str) -> Any:
        if self.kind == "eof":
            self.fail(f"unexpected end of template, expected {expected!r}.{self.describe_open()}")
        self.fail(f"expected token {expected!r}, got {describe(self.kind, self.value)!r}")

    def describe_open(self) -> str:
        """Say which statement is open."""
        if not self.open_tags:
            return ""
        name, lineno = self.open_tags[-1]
        return f" The innermost block that is open is {name!r}, from line {lineno}."

    # Statements

    def parse_body(self, ends: tuple[str, ...] | None) -> list[nodes.Node]:
        """Read text, output and statements up to a tag that is one of ends, or to the end of the template.

        returns   the nodes; the token looked at is the name of the tag then
        """
        body: list[nodes.Node] = []
        while True:
            kind = self.kind
            if kind == "data":
                body.append(nodes.Text(self.lineno, self.value))
                self.advance()
            elif kind == "variable_begin":
                lineno = self.lineno
                self.advance()
                body.append(nodes.Output(lineno, [self.parse_tuple()]))
                self.expect("variable_end")
            elif kind == "block_begin":
                self.advance()
                if ends is not None and self.kind == "name" and self.value in ends:
                    return body
                found = self.parse_statement(ends)
                body.extend(found if isinstance(found, list) else [found])
                self.expect("block_end")
            elif ends is None:
                return body
            else:
                self.fail_open(ends)

    def fail_open(self, ends):
        expected = " or ".join(repr(end) for end in ends)
        self.fail(f"Unexpected end of template, expected was {expected}.{self.describe_open()}")

    def parse_statement(self, ends: tuple[str, ...] | None = None) -> Any:
        """Read one statement, from its name to what its last tag ends in."""
        if self.kind != "name":
            self.fail("tag name expected")
        name, lineno = self.value, self.lineno
        read: Any = self.tags.get(name)
        if read is None:
            self.fail_unknown(name, ends)
        self.open_tags.append((name, lineno))
        self.advance()
        statement = read(self, lineno)
        self.open_tags.pop()
        return statement

    def fail_unknown(self, name, ends):
        """Say what to do about a tag that there is not."""
        message = f"Encountered unknown tag {name!r}."
        close = [] if name.startswith("end") else _close_matches(name, self.tags)
        if close:
            message += f" Is it {close[0]!r}?"
        if ends:
            message += f" Expected was {' or '.join(repr(end) for end in ends)}.{self.describe_open()}"
        elif name.startswith("end") or name in ("else", "elif"):
            message += " No block is open that it could belong to."
        elif not close:
            message += f" There are {', '.join(sorted(self.tags))}."
        self.fail(message)

    def parse_until(self, *ends: str) -> list[nodes.Node]:
        """Read the body of a statement, its last tag's name included."""
        body = self.parse_body_of(*ends)
        self.advance()
        return body

    def parse_body_of(self, *ends: str) -> list[nodes.Node]:
        """Read the body of a statement, up to the name of the tag that ends it."""
        self.skip(":")  # as in Python, for those who are used to it
        self.expect("block_end")
        return self.parse_body(ends)

    def parse_for(self, lineno):
        target = self.parse_target(stop="in")
        self.expect_word("in")
        iterable = self.parse_tuple(conditional=False, stop="recursive")
        test = self.parse_expression() if self.skip_word("if") else None
        recursive = self.skip_word("recursive")
        body = self.parse_body_of("endfor", "else")
        orelse = None
        if self.advance() == "else":
            orelse = self.parse_until("endfor")
        return nodes.For(lineno, target, iterable, test, recursive, body, orelse)

    def parse_if(self, lineno):
        branches = []
        word = "if"
        while word != "endif":
            test = None if word == "else" else self.parse_tuple(conditional=False)
            ends = ("endif",) if word == "else" else ("elif", "else", "endif")
            branches.append((test, self.parse_body_of(*ends)))
            word = self.advance()
        return nodes.If(lineno, branches)

    def parse_set(self, lineno):
        target = self.parse_target(with_namespace=True)
        if self.skip("="):
            return nodes.Assign(lineno, target, self.parse_tuple())
        filters = self.parse_filters(None) if self.kind == "|" else None
        return nodes.AssignBlock(lineno, target, filters, self.parse_until("endset"))

    def parse_with(self, lineno):
        assignments: list[tuple[Any, Any]] = []
        while self.kind != "block_end":
            if assignments:
                self.expect(",")
            target = self.parse_target()
            self.expect("=")
            assignments.append((target, self.parse_expression()))
        return nodes.With(lineno, assignments, self.parse_until("endwith"))

    def parse_autoescape(self, lineno):
        return nodes.Autoescape(lineno, self.parse_expression(), self.parse_until("endautoescape"))

    def parse_block(self, lineno):
        name = self.expect("name")
        scoped = self.skip_word("scoped")
        required = self.skip_word("required")
        if self.kind == "-":
            self.fail("Block names in Jinja have to be valid Python identifiers: write '_' for '-'")
        body = self.parse_until("endblock")
        if required and not all(type(node) is nodes.Text and not node.text.strip() for node in body):
            self.fail("Required blocks can only contain comments or whitespace")
        self.skip_word(name)
        return nodes.Block(lineno, name, body, scoped, required)

    def parse_extends(self, lineno):
        return nodes.Extends(lineno, self.parse_expression())

    def parse_include(self, lineno):
        template = self.parse_expression()
        ignore_missing = False
        if self.is_word("ignore") and self.peek() == ("name", "missing"):
            self.advance()
            self.advance()
            ignore_missing = True
        return nodes.Include(lineno, template, ignore_missing, self.parse_context(True))

    def parse_context(self, default):
        """Read "with context" or "without context", if that is there."""
        if self.kind == "name" and self.value in ("with", "without") and self.peek() == ("name", "context"):
            with_context = self.advance() == "with"
            self.advance()
            return with_context
        return default

    def parse_import(self, lineno):
        template = self.parse_expression()
        self.expect_word("as")
        target = self.parse_name_target()
        return nodes.Import(lineno, template, target.name, self.parse_context(False))

    def parse_from(self, lineno):
        template = self.parse_expression()
        self.expect_word("import")
        names: list[tuple[str, str]] = []
        with_context = None
        while with_context is None:
            target = self.parse_name_target()
            if target.name.startswith("_"):
                self.fail(
                    "names starting with an underline can not be imported", target.lineno, TemplateAssertionError
                )
            alias = self.parse_name_target().name if self.skip_word("as") else target.name
            names.append((target.name, alias))
            more = self.skip(",")
            with_context = self.parse_context(None)
            if not more:
                break
        return nodes.FromImport(lineno, template, names, bool(with_context))

    def parse_macro(self, lineno):
        name = self.parse_name_target().name
        parameters = self.parse_parameters()
        return nodes.Macro(lineno, name, parameters, self.parse_until("endmacro"))

    def parse_parameters(self):
        """Read the parameters of a macro, in their brackets."""
        parameters: list[tuple[str, nodes.Node | None]] = []
        self.expect("(")
        while self.kind != ")":
            if parameters:
                self.expect(",")
            target = self.parse_name_target()
            default = self.parse_expression() if self.skip("=") else None
            if default is None and parameters and parameters[-1][1] is not None:
                self.fail("non-default argument follows default argument")
            parameters.append((target.name, default))
        self.expect(")")
        return parameters

    def parse_call_block(self, lineno):
        parameters = self.parse_parameters() if self.kind == "(" else []
        call = self.parse_expression()
        if not isinstance(call, nodes.Call):
            self.fail("expected call", lineno)
        return nodes.CallBlock(lineno, parameters, call, self.parse_until("endcall"))

    def parse_filter_block(self, lineno):
        filters = self.parse_filters(None, inline=True)
        return nodes.FilterBlock(lineno, filters, self.parse_until("endfilter"))

    def parse_print(self, lineno):
        expressions: list[nodes.Node] = []
        while self.kind != "block_end":
            if expressions:
                self.expect(",")
            expressions.append(self.parse_expression())
        return nodes.Output(lineno, expressions)

    def parse_do(self, lineno):
        return nodes.Do(lineno, self.parse_tuple())

    def parse_break(self, lineno):
        return nodes.Break(lineno)

    def parse_continue(self, lineno):
        return nodes.Continue(lineno)

    def parse_debug(self, lineno):
        return nodes.Output(lineno, [nodes.Debug(lineno)])

    # What is assigned to

    def parse_name_target(self):
        """Read one name that is given a value."""
        lineno = self.lineno
        return self.check_target(nodes.Name(lineno, self.expect("name")))

    def parse_target(self, stop=None, with_namespace=False):
        """Read the left side of an assignment: a name, names in a row or in brackets.

        stop             the word behind it
        with_namespace   whether it may be "ns.attribute"
        """
        target = self.parse_tuple(simple=True, stop=stop, with_namespace=with_namespace)
        return self.check_target(target)

    def check_target(self, target):
        """Refuse what no value can be given to."""
        if type(target) is nodes.TupleLiteral and target.items:
            for item in target.items:
                self.check_target(item)
        elif type(target) is not nodes.NamespaceAttribute and (
            type(target) is not nodes.Name or target.name in _CONSTANTS
        ):
            shown = type(target).__name__.lower()
            self.fail(f"can't assign to {shown!r}", target.lineno)
        return target

    # Expressions

    def parse_tuple(self, simple=False, conditional=True, stop=None, in_brackets=False, with_namespace=False):
        """Read an expression, or several with commas between them: those are a tuple.

        simple        only names and literals, as in a target
        conditional   whether "a if b" is part of it
        stop          a word that ends it
        in_brackets   whether "()" with nothing in it is the empty tuple
        """
        lineno = self.lineno
        items: list[Any] = []
        is_tuple = False
        while True:
            if items:
                if not self.skip(","):
                    break
                is_tuple = True
            if self.kind in _LEAVING or (stop is not None and self.kind == "name" and self.value == stop):
                break
            if simple:
                items.append(self.parse_primary(with_namespace))
            else:
                items.append(self.parse_expression() if conditional else self.parse_or())
        if not is_tuple:
            if items:
                return items[0]
            if not in_brackets:
                self.fail(f"Expected an expression, got {describe(self.kind, self.value)!r}")
        return nodes.TupleLiteral(lineno, items)

    def parse_expression(self) -> nodes.Node:
        """Read "value if test else other", or anything simpler."""
        lineno = self.lineno
        value = self.parse_or()
        while self.kind == "name" and self.value == "if":
            self.advance()
            test = self.parse_or()
            other = self.parse_expression() if self.skip_word("else") else None
            value = nodes.Conditional(lineno, test, value, other)
            lineno = self.lineno
        return value

    def parse_or(self):
        lineno = self.lineno
        left = self.parse_and()
        while self.kind == "name" and self.value == "or":
            self.advance()
            left = nodes.Binary(lineno, "or", left, self.parse_and())
        return left

    def parse_and(self):
        lineno = self.lineno
        left = self.parse_not()
        while self.kind == "name" and self.value == "and":
            self.advance()
            left = nodes.Binary(lineno, "and", left, self.parse_not())
        return left

    def parse_not(self):
        if self.kind == "name" and self.value == "not":
            lineno = self.lineno
            self.advance()
            return nodes.Unary(lineno, "not", self.parse_not())
        return self.parse_compare()

    def parse_compare(self):
        lineno = self.lineno
        first = self.parse_sum()
        rest = []
        while True:
            if self.kind in _COMPARISONS or (self.kind == "name" and self.value == "in"):
                operator = self.advance()
            elif self.kind == "name" and self.value == "not" and self.peek() == ("name", "in"):
                self.advance()
                self.advance()
                operator = "not in"
            else:
                break
            rest.append((operator, self.parse_sum()))
        return nodes.Compare(lineno, first, rest) if rest else first

    def parse_sum(self):
        lineno = self.lineno
        left = self.parse_concat()
        while self.kind == "+" or self.kind == "-":
            left = nodes.Binary(lineno, self.advance(), left, self.parse_concat())
        return left

    def parse_concat(self):
        lineno = self.lineno
        left = self.parse_product()
        if self.kind != "~":
            return left
        items = [left]
        while self.skip("~"):
            items.append(self.parse_product())
        return nodes.Concat(lineno, items)

    def parse_product(self):
        lineno = self.lineno
        left = self.parse_power()
        while self.kind in ("*", "/", "//", "%"):
            left = nodes.Binary(lineno, self.advance(), left, self.parse_power())
        return left

    def parse_power(self):
        lineno = self.lineno
        left = self.parse_unary()
        while self.kind == "**":
            left = nodes.Binary(lineno, self.advance(), left, self.parse_unary())
        return left

    def parse_unary(self, with_filters=True):
        if self.kind == "-" or self.kind == "+":
            lineno = self.lineno
            node = nodes.Unary(lineno, self.advance(), self.parse_unary(with_filters=False))
        else:
            node = self.parse_postfix(self.parse_primary())
        return self.parse_filters_and_tests(node) if with_filters else node

    def parse_primary(self, with_namespace=False):
        """Read a name, a literal or what is in brackets."""
        lineno, kind = self.lineno, self.kind
        if kind == "name":
            name = self.advance()
            if name in _CONSTANTS:
                return nodes.Constant(lineno, _CONSTANTS[name])
            if with_namespace and self.skip("."):
                return nodes.NamespaceAttribute(lineno, name, self.expect("name"))
            return nodes.Name(lineno, name)
        if kind == "string":
            text = self.advance()
            while self.kind == "string":
                text += self.advance()
            return nodes.Constant(lineno, text)
        if kind == "integer" or kind == "float":
            return nodes.Constant(lineno, self.advance())
        if kind == "(":
            self.advance()
            node = self.parse_tuple(in_brackets=True)
            self.expect(")")
            return node
        if kind == "[":
            self.advance()
            return nodes.ListLiteral(lineno, self.parse_items("]", self.parse_expression))
        if kind == "{":
            self.advance()
            return nodes.DictLiteral(lineno, self.parse_items("}", self.parse_pair))
        self.fail(f"unexpected {describe(kind, self.value)!r}")

    def parse_items(self, closing, parse_item):
        """Read what stands between commas, and the closing bracket; a comma may stand at the end."""
        items: list[Any] = []
        while self.kind != closing:
            if items:
                self.expect(",")
                if self.kind == closing:
                    break
            items.append(parse_item())
        self.expect(closing)
        return items

    def parse_pair(self):
        key = self.parse_expression()
        self.expect(":")
        return key, self.parse_expression()

    def parse_postfix(self, node):
        while True:
            kind = self.kind
            if kind == ".":
                node = self.parse_dot(node)
            elif kind == "[":
                node = self.parse_subscript(node)
            elif kind == "(":
                node = nodes.Call(self.lineno, node, self.parse_arguments())
            else:
                return node

    def parse_dot(self, owner):
        self.advance()
        lineno = self.lineno
        if self.kind == "name":
            return nodes.Attribute(lineno, owner, self.advance())
        if self.kind != "integer":
            self.fail("expected name or number")
        return nodes.Item(lineno, owner, nodes.Constant(lineno, self.advance()))

    def parse_subscript(self, owner):
        lineno = self.lineno
        self.advance()
        keys = [self.parse_subscribed()]
        is_tuple = False
        while self.kind != "]":
            self.expect(",")
            is_tuple = True
            keys.append(self.parse_subscribed())
        self.advance()
        return nodes.Item(lineno, owner, nodes.TupleLiteral(lineno, keys) if is_tuple else keys[0])

    def parse_subscribed(self):
        """Read a key, or a slice."""
        lineno = self.lineno
        start = None
        if self.kind != ":":
            start = self.parse_expression()
            if self.kind != ":":
                return start
        bounds = [start, None, None]
        for place in (1, 2):
            if self.skip(":") and self.kind not in ("]", ",", ":"):
                bounds[place] = self.parse_expression()
        return nodes.Slice(lineno, *bounds)

    def parse_filters_and_tests(self, node):
        while True:
            if self.kind == "|":
                node = self.parse_filters(node)
            elif self.kind == "name" and self.value == "is":
                node = self.parse_test(node)
            elif self.kind == "(":  # a call of what a filter has returned
                node = nodes.Call(self.lineno, node, self.parse_arguments())
            else:
                return node

    def parse_filters(self, node, inline=False):
        """Read filters, each behind a "|"; inline: the first of them stands without."""
        while self.kind == "|" or inline:
            if not inline:
                self.advance()
            lineno = self.lineno
            name = self.parse_dotted()
            arguments = self.parse_arguments() if self.kind == "(" else None
            node = nodes.Filter(lineno, node, name, arguments)
            inline = False
        return node

    def parse_dotted(self):
        """Read the name of a filter or a test, which may have dots."""
        name = self.expect("name")
        while self.skip("."):
            name += "." + self.expect("name")
        return name

    def parse_test(self, node):
        lineno = self.lineno
        self.advance()
        negated = self.skip_word("not")
        name = self.parse_dotted()
        arguments = None
        if self.kind == "(":
            arguments = self.parse_arguments()
        elif self.kind in _LITERALS or self.kind in ("[", "{") or self.starts_argument():
            if self.is_word("is"):
                self.fail("You cannot chain multiple tests with is")
            value = self.parse_postfix(self.parse_primary())
            arguments = nodes.Arguments(lineno, [value], [], None, None)
        node = nodes.Test(lineno, node, name, arguments)
        return nodes.Unary(lineno, "not", node) if negated else node

    def starts_argument(self):
        return self.kind == "name" and self.value not in _NO_ARGUMENT

    def parse_arguments(self) -> nodes.Arguments:
        """Read the arguments of a call, in their brackets."""
        lineno = self.lineno
        self.expect("(")
        positional: list[Any] = []
        named: list[tuple[str, Any]] = []
        rest = more = None
        first = True
        while self.kind != ")":
            if not first:
                self.expect(",")
                if self.kind == ")":
                    break
            first = False
            valid = True
            if self.kind == "*":
                valid = rest is None and more is None
                self.advance()
                rest = self.parse_expression()
            elif self.kind == "**":
                valid = more is None
                self.advance()
                more = self.parse_expression()
            elif self.kind == "name" and self.peek()[0] == "=":
                valid = more is None
                name = self.advance()
                self.advance()
                named.append((name, self.parse_expression()))
            else:
                valid = rest is None and more is None and not named
                positional.append(self.parse_expression())
            if not valid:
                self.fail("invalid syntax for function call expression")
        self.advance()
        return nodes.Arguments(lineno, positional, named, rest, more)


# {tag: what reads it}; an extension adds its own.
TAGS: dict[str, Callable[[Parser, int], Any]] = {
    "autoescape": Parser.parse_autoescape,
    "block": Parser.parse_block,
    "call": Parser.parse_call_block,
    "extends": Parser.parse_extends,
    "filter": Parser.parse_filter_block,
    "for": Parser.parse_for,
    "from": Parser.parse_from,
    "if": Parser.parse_if,
    "import": Parser.parse_import,
    "include": Parser.parse_include,
    "macro": Parser.parse_macro,
    "print": Parser.parse_print,
    "set": Parser.parse_set,
    "with": Parser.parse_with,
}
