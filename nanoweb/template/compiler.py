"""From the tree of a template to Python source.

The third of the engine's steps.  A template becomes a function root(context, write, add), each block a
function block_name(context, write, add), each macro a function within one of them.  How names and output are
compiled:

- A name that a part of the template assigns is a local of the Python function; the part's Frame knows which.  Each
  for, with, filter, call, set and autoescape block has a frame of its own: what is set there ends there.
- A name that no frame assigns comes from the context.  It is looked up once, where the function begins.
- Where it is not certain that a name has a value, its local is "missing" at first, and each use asks: a missing one
  is an Undefined.  Certain ("sure") are loop variables, and what has been set on every way to the use.
- What the top level sets is written to context.vars too: blocks, includes and imports see it there.
- Text and output in a row are one piece of a format, write("<td>%s</td>"), and a value for each "%s" in it,
  add(l_cell).  Values are escaped in the end, all together: see page.  A part whose output is a value (a macro, a
  filter block) is text at once: write_2("<b>%s</b>" % (text_of(l_x),)).
- The mode "write" is for render().  "yield" and "async" make generators of the same functions, for stream(),
  generate() and asynchronous environments; there each piece is yielded by itself.

Each line of the source knows the template's line, so that an error can name it: see Source.
"""

from __future__ import annotations

from . import nodes
from .contexts import EvalContext
from .errors import TemplateSyntaxError
from .expressions import SPECIALS, ExpressionCompiler
from .frames import Frame, Source, target_names
from .page import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .environment import Environment

__all__ = ["generate"]


def generate(
    node: nodes.Template, environment: Environment, name: str | None, filename: str | None, mode: str = "write"
) -> str:
    """Return the Python source of a template.

    mode   "write" for render(), "yield" for generate() and stream(), "async" for an asynchronous environment
    """
    return Compiler(environment, name, filename, mode).compile(node)


class Compiler(ExpressionCompiler):
    """Compiles one template.

    blocks     {name: function} of the blocks
    found      (node, function) of those, in the order in which they are written
    extends    None; "maybe" after an extends within an if; "surely" after one at the top level
    """

    def __init__(self, environment, name, filename, mode):
        super().__init__(environment, name, filename, mode)
        self.autoescape = EvalContext(environment, name).autoescape
        self.source = Source()
        self.line = self.source.line
        self.begin = self.source.begin
        self.end = self.source.end
        self.blocks = {}
        self.found = []
        self.extends = None

    # The template and its blocks

    def compile(self, template):
        self.line(f"name = {self.name!r}")
        self.function("root", "root", template.body, 1)
        for node, function in self.found:  # which grows: a block may have blocks in it
            self.function(function, "block", node.body, node.lineno, node.name)
        blocks = ", ".join([f"{name!r}: {function}" for name, function in self.blocks.items()])
        self.line(f"blocks = {{{blocks}}}")
        lines, pairs = self.source.text()
        lines.append(f"debug_info = {'&'.join([f'{line}={lineno}' for line, lineno in pairs])!r}")
        return "\n".join(lines) + "\n"

    def function(self, function, kind, body, lineno, block=None):
        """Write the function of the template or of one of its blocks."""
        self.unit = {}
        self.block_name = block
        self.extends = None
        write = "write" if self.mode == "write" else None
        frame = Frame(kind, None, write, self.autoescape)
        self.collect(body, frame)
        parameters = "context, write, add" if write else "context"
        self.line(f"{self.define} {function}({parameters}):", lineno)
        self.begin()
        self.source.slot(frame.slot)
        if not write:
            self.line("if False: yield")
        self.body(body, frame)
        parent = f"parent_template.{self.functions}.root"
        if self.extends == "surely":
            self.run(parent, "context", frame)
        elif self.extends == "maybe":
            self.line("if parent_template is not None:")
            self.begin()
            self.run(parent, "context", frame)
            self.end()
        self.end()
        self.close_unit(frame)

    @property
    def functions(self):
        """The attribute of a template that has its functions for this mode."""
        return "writing" if self.mode == "write" else "yielding"

    def close_unit(self, frame):
        """Fill in what the function begins with, now that all that it uses is known."""
        slot = frame.slot
        for name, local in frame.initial.items():
            self.unit.setdefault(("name", name), local)
        if any(kind == "name" for kind, _ in self.unit):
            slot.append("resolve = context.resolver()")
        if self.unit.get(("call", "")):
            slot.append("call = context.call")
        for (kind, name), local in self.unit.items():
            if kind == "name":
                slot.append(f"{local} = resolve({name!r}, missing)")
            elif kind == "self":
                slot.append(f"{local} = TemplateReference(context)")
            elif kind == "super":
                function = self.blocks[self.block_name]
                slot.append(f"{local} = context.super({self.block_name!r}, {function})")
            elif kind in ("filter", "test"):
                known = name in getattr(self.environment, f"{kind}s")
                found = f"{kind}s[{name!r}]" if known else f"{kind}s.get({name!r}) or absent({kind!r}, {name!r})"
                slot.append(f"{local} = {found}")

    # Output

    def put(self, value, frame, lineno):
        """Write the lines that put out a value whose text is for the page as it is."""
        if frame.add is not None:
            self.line(f"{frame.write}('%s')")
            self.line(f"{frame.add}(as_is({value}))", lineno)
        else:
            self.line(f"{frame.write}(str({value}))" if frame.write else f"yield str({value})", lineno)

    def run(self, function, context, frame, lineno=None):
        """Write a line that has another function put out its text here."""
        if frame.add is not None:
            self.line(f"{function}({context}, {frame.write}, {frame.add})", lineno)
        elif self.mode == "write":
            self.line(f"{frame.write}(rendered({function}, {context}))", lineno)
        elif frame.write is not None:
            self.line(f"{'async for' if self.is_async else 'for'} piece in {function}({context}):", lineno)
            self.line(f"    {frame.write}(piece)")
        elif self.is_async:
            self.line(f"async with closing({function}({context})) as pieces:", lineno)
            self.line("    async for piece in pieces:")
            self.line("        yield piece")
        else:
            self.line(f"yield from {function}({context})", lineno)

    def buffer(self, frame):
        """Have the output of a frame collected; return the source of the whole text."""
        frame.write, frame.add = self.new_name("write"), None
        pieces = frame.write.replace("write", "pieces")
        self.line(f"{pieces} = []")
        self.line(f"{frame.write} = {pieces}.append")
        return f'"".join({pieces})'

    def when_heard(self, frame, lineno):
        """Begin "if parent_template is None:" where that is the question.

        returns   whether it has; None if output goes nowhere, at the top level of a template that extends another

        Only text and {{ }} ask, and blocks at the top level itself.  What is included there, called or filtered
        comes before all that the other template puts out: nobody wants that, but so it is in Jinja.
        """
        if frame.heard or self.extends is None:
            return False
        if self.extends == "surely":
            return None
        self.line("if parent_template is None:", lineno)
        self.begin()
        return True

    def body(self, body, frame):
        """Compile statements; text and output in a row go together."""
        row = []
        for node in body:
            kind = type(node)
            if kind is nodes.Text or kind is nodes.Output:
                row.append(node)
                continue
            if row:
                self.output(row, frame)
                row = []
            STATEMENTS[kind](self, node, frame)
        if row:
            self.output(row, frame)

    def inner_body(self, body, frame):
        """Compile the statements of a frame within another one."""
        self.collect(body, frame)
        self.source.slot(frame.slot)
        self.body(body, frame)
        self.close(frame)

    def output(self, row, frame):
        guarded = self.when_heard(frame, row[0].lineno)
        if guarded is None:
            for node in row:  # what is never put out is still checked
                if type(node) is nodes.Output:
                    for expression in node.expressions:
                        self.expression(expression, frame)
            return
        pieces = self.pieces(row, frame)
        if frame.write is None:
            for text, lineno in pieces:
                self.line(f"yield {text if lineno else repr(text)}", lineno or row[0].lineno)
        elif pieces:
            self.write_format(pieces, frame, row[0].lineno)
        if guarded:
            self.end()

    def write_format(self, pieces, frame, lineno):
        """Write "write(format)" and an "add(value)" for each "%s" in it, or "write(format % values)"."""
        text = "".join(["%s" if lineno else text.replace("%", "%%") for text, lineno in pieces])
        values = [piece for piece in pieces if piece[1]]
        if frame.add is not None:
            self.line(f"{frame.write}({text!r})", lineno)
            for value, lineno in values:
                self.line(f"{frame.add}({value})", lineno)
        elif values:
            self.line(f"{frame.write}({text!r} % (", lineno)
            for value, lineno in values:
                self.line(f"    {value},", lineno)
            self.line("))")
        else:
            self.line(f"{frame.write}({pieces[0][0]!r})", lineno)

    def pieces(self, row, frame):
        """Return what is put out: (text, None), or (the source of an expression, its line)."""
        pieces: list[tuple[str, Any]] = []
        for node in row:
            if type(node) is nodes.Text:
                found = [(node.text, None)]
            else:
                found = [self.piece(expression, frame) for expression in node.expressions]
            for piece in found:
                if piece[1] is None and pieces and pieces[-1][1] is None:
                    pieces[-1] = (pieces[-1][0] + piece[0], None)
                elif piece[1] is not None or piece[0]:
                    pieces.append(piece)
        return pieces

    def piece(self, node, frame):
        finalize = self.environment.finalize
        if type(node) is nodes.Constant and finalize is None and frame.autoescape is not None:
            return str(text_of(node.value) if frame.autoescape else node.value), None
        expression = self.expression(node, frame)
        if finalize is not None:
            expression = f"finalize({self.passed(finalize)}{expression})"
        return self.output_of(expression, frame), node.lineno

    def output_of(self, value, frame):
        """The source of what is put out of a value: its text, or what the page makes text of in the end."""
        escaped, plain = ("text_of", "str") if frame.add is None else ("fixed", "as_is")
        if frame.autoescape is None:
            return f"({escaped} if context.eval_ctx.autoescape else {plain})({value})"
        if not frame.autoescape:
            return f"{plain}({value})"
        if frame.add is not None and value.isidentifier():  # the most common, without a call
            return f"{value} if type({value}) is str or type({value}) is int else fixed({value})"
        return f"{escaped}({value})"

    def marked(self, text, frame):
        """The source of a text that has been put out: markup where output is escaped."""
        if frame.autoescape is None:
            return f"(Markup if context.eval_ctx.autoescape else str)({text})"
        return f"Markup({text})" if frame.autoescape else text

    # Statements

    def compile_if(self, node, frame):
        before, soft = frame.sure, frame.soft
        ends = []
        frame.soft = True
        word, lineno = "if", node.lineno
        for test, body in node.branches:
            frame.sure = set(before)
            if test is None:
                self.line("else:")
            else:
                self.line(f"{word} {self.expression(test, frame)}:", lineno or test.lineno)
            word, lineno = "elif", None
            self.begin()
            self.body(body, frame)
            ends.append(frame.sure)
            self.end()
        if node.branches[-1][0] is not None:
            ends.append(before)
        frame.sure = before | set.intersection(*ends)
        frame.soft = soft

    def compile_for(self, node, frame):
        if "loop" in target_names(node.target):
            self.fail("Can't assign to special loop variable in for-loop target", node.target.lineno)
        inner = Frame("for", frame)
        for name in target_names(node.target):
            self.declare(name, inner)
        inner.sure.update(inner.names)
        # In the condition, and in what is looped over, "loop" is that of a loop around this one.
        test = None if node.test is None else self.expression(node.test, inner)
        iterable = self.expression(node.iterable, frame)
        inner.loop = self.new_name("l_loop")
        self.collect(node.body, inner)
        if node.recursive:
            self.recursive_loop(node, frame, inner, iterable, test)
        else:
            self.loop(node, frame, inner, iterable, test)

    def loop(self, node, frame, inner, iterable, test, recurse=None):
        """Write a loop; recurse is the function that it stands in if it calls itself."""
        empty = None if node.orelse is None else self.new_name("is_empty")
        if empty:
            self.line(f"{empty} = True", node.lineno)
        header = self.line("for", node.lineno)
        self.begin()
        test_slot = self.source.slot([])
        self.source.slot(inner.slot)
        if empty:
            self.line(f"{empty} = False")
        self.body(node.body, inner)
        self.end()
        self.close(inner)
        line, skip = self.loop_header(self.target(node.target, inner), iterable, test, inner, recurse)
        self.source.replace(header, line)
        test_slot += skip
        if empty:
            self.line(f"if {empty}:")
            self.begin()
            orelse = Frame("inner", frame)
            orelse.write, orelse.add = inner.write, inner.add
            self.inner_body(node.orelse, orelse)
            self.end()

    def loop_header(self, target, iterable, test, inner, recurse):
        """Return the line that begins a loop, and those that pass over an item that fails the test."""
        word, items = ("async for", f"auto_aiter({iterable})") if self.is_async else ("for", iterable)
        if "loop" not in inner.specials and not recurse:
            return f"{word} {target} in {items}:", [] if test is None else [f"if not ({test}): continue"]
        if test is not None:  # "loop" counts those that have passed
            iterable = f"(value {word} value in {items} for {target} in (value,) if {test})"
        kind = "AsyncLoopContext" if self.is_async else "LoopContext"
        more = f", {recurse}, depth" if recurse else ""
        return f"{word} {target}, {inner.loop} in {kind}({iterable}, undefined{more}):", []

    def recursive_loop(self, node, frame, inner, iterable, test):
        """Write a loop as a function, which it calls for the items within its items."""
        recurse = self.new_name("recurse")
        self.line(f"{self.define} {recurse}(iterable, depth=0):", node.lineno)
        self.begin()
        text = self.buffer(inner)
        self.loop(node, frame, inner, "iterable", test, recurse)
        self.line(f"return {self.marked(text, frame)}")
        self.end()
        self.put(f"{'await ' if self.is_async else ''}{recurse}({iterable})", frame, node.lineno)

    def compile_break(self, node, frame):
        self.leave_loop("break", node, frame)

    def compile_continue(self, node, frame):
        self.leave_loop("continue", node, frame)

    def leave_loop(self, word, node, frame):
        while frame is not None and frame.kind != "for":
            frame = None if frame.kind == "macro" else frame.parent
        if frame is None:
            self.fail(f"{word!r} outside of a loop", node.lineno, TemplateSyntaxError)
        self.line(word, node.lineno)

    def compile_assign(self, node, frame):
        value = self.expression(node.value, frame)
        self.assign(node.target, value, frame, node.lineno)

    def assign(self, target, value, frame, lineno):
        """Write an assignment, to namespaces too, and what makes a name of the top level known."""
        if type(target) is nodes.NamespaceAttribute:
            namespace = self.load(nodes.Name(lineno, target.name), frame)
            self.line(f"set_attribute({namespace}, {target.attribute!r}, {value})", lineno)
            return
        attributes: list[tuple[Any, str]] = []
        self.line(f"{self.target(target, frame, attributes)} = {value}", lineno)
        for attribute, local in attributes:
            self.assign(attribute, local, frame, lineno)
        self.publish(list(target_names(target)), frame)

    def publish(self, names, frame, exported=True):
        """Note that names have a value now; at the top level, put them into the context."""
        frame.sure.update(names)
        frame.set_here.update(dict.fromkeys(names))
        if frame.kind != "root":
            return
        for name in names:
            self.line(f"context.vars[{name!r}] = {frame.names[name]}")
        public = [name for name in names if not name.startswith("_")]
        if public:
            if exported:
                self.line(f"context.exported_vars.update({tuple(public)!r})")
            else:
                self.line(f"context.exported_vars.difference_update({tuple(public)!r})")

    def target(self, target, frame, attributes=None):
        """The source of what stands on the left of an assignment."""
        if type(target) is nodes.Name:
            return frame.names[target.name]
        if type(target) is nodes.NamespaceAttribute:
            local = self.new_name("value")
            attributes.append((target, local))
            return local
        items = [self.target(item, frame, attributes) for item in target.items]
        return f"({', '.join(items)}{',' if len(items) == 1 else ''})"

    def compile_assign_block(self, node, frame):
        inner = Frame("inner", frame)
        inner.heard = True
        text = self.buffer(inner)
        self.inner_body(node.body, inner)
        value = self.marked(text, frame)
        if node.filter is not None:
            value = self.marked(self.filter(node.filter, frame, value), frame)
        self.assign(node.target, value, frame, node.lineno)

    def compile_with(self, node, frame):
        inner = Frame("inner", frame)
        values = [(target, self.expression(value, frame)) for target, value in node.assignments]
        for target, _ in values:
            for name in target_names(target):
                self.declare(name, inner)
        for target, value in values:
            self.line(f"{self.target(target, inner)} = {value}", target.lineno)
        inner.sure.update(inner.names)
        self.inner_body(node.body, inner)

    def compile_filter_block(self, node, frame):
        inner = Frame("inner", frame)
        text = self.buffer(inner)
        self.inner_body(node.body, inner)
        self.put(self.filter(node.filter, frame, self.marked(text, frame)), frame, node.lineno)

    def compile_autoescape(self, node, frame):
        inner = Frame("inner", frame)
        enabled = self.expression(node.enabled, frame)
        inner.autoescape = bool(node.enabled.value) if type(node.enabled) is nodes.Constant else None
        saved = self.new_name("autoescape")
        self.line(f"{saved} = context.eval_ctx.save()", node.lineno)
        self.line(f"context.eval_ctx.autoescape = bool({enabled})")
        self.line("try:")
        self.begin()
        self.inner_body(node.body, inner)
        self.end()
        self.line("finally:")
        self.line(f"    context.eval_ctx.revert({saved})")

    def compile_macro(self, node, frame):
        macro = self.macro(node, node.name, node.parameters, frame)
        local = self.declare(node.name, frame)
        self.line(f"{local} = {macro}", node.lineno)
        self.publish([node.name], frame)

    def macro(self, node, name, parameters, frame):
        """Write the function of a macro or a call block; return the source that makes the Macro."""
        inner = Frame("macro", frame)
        names = tuple(parameter for parameter, _ in parameters)
        self.check_once(names, "parameter", node)
        self.check_caller(parameters, node.lineno)
        for parameter in names:
            self.declare(parameter, inner)
        inner.parameters = names
        function = self.new_name(f"macro_{name}")
        header = self.line("def", node.lineno)
        self.begin()
        self.defaults(parameters, inner, node.lineno)
        text = self.buffer(inner)
        inner.heard = True
        self.inner_body(node.body, inner)
        self.line(f"return {text}", node.lineno)
        self.end()
        used = [special for special in SPECIALS if special in inner.specials]
        locals = [inner.names[parameter] for parameter in names] + [inner.specials[special] for special in used]
        taken = ", ".join([f"{local}=missing" for local in locals])
        self.source.replace(header, f"{self.define} {function}({taken}):")
        takes = f"{'kwargs' in used}, {'varargs' in used}, {'caller' in used or 'caller' in names}"
        return f"Macro(environment, {function}, {name!r}, {names!r}, {takes}, context.eval_ctx.autoescape)"

    def check_caller(self, parameters, lineno):
        if ("caller", None) in parameters:
            self.fail(
                'When defining macros or call blocks the special "caller" argument must be omitted'
                " or be given a default.",
                lineno,
            )

    def defaults(self, parameters, frame, lineno):
        """Give the parameters that are missing in a call their defaults, one after the other."""
        for parameter, default in parameters:
            if default is None:
                hint = f"parameter {parameter!r} was not provided"
                value = f"undefined({hint!r}, name={parameter!r})"
            else:
                value = self.expression(default, frame)
            local = frame.names[parameter]
            self.line(f"if {local} is missing: {local} = {value}", lineno)
            frame.sure.add(parameter)

    def compile_call_block(self, node, frame):
        caller = self.new_name("caller")
        macro = self.macro(node, "caller", node.parameters, frame)
        self.line(f"{caller} = {macro}", node.lineno)
        self.put(self.call(node.call, frame, caller), frame, node.lineno)

    def compile_block(self, node, frame):
        if node.name in self.blocks:
            self.fail(f"block {node.name!r} defined twice", node.lineno)
        self.blocks[node.name] = self.new_name(f"block_{node.name}")
        self.found.append((node, self.blocks[node.name]))
        if node.scoped:
            self.need_loop(frame)
        guarded = frame.kind == "root" and self.when_heard(frame, node.lineno)
        if guarded is None:
            return
        local = self.locals(frame) if node.scoped else None
        context = f"context.derived({local})" if local else "context"
        required = ", True" if node.required else ""
        self.run(f"find_block(context, {node.name!r}{required})", context, frame, node.lineno)
        if guarded:
            self.end()

    def need_loop(self, frame):
        """Have the loops around a scoped block make their "loop"."""
        while frame is not None and frame.kind != "macro":
            if frame.kind == "for":
                frame.specials["loop"] = frame.loop
            frame = frame.parent

    def compile_extends(self, node, frame):
        if frame.kind != "root":
            self.fail("cannot use extend from a non top-level scope", node.lineno)
        if self.extends == "surely":
            self.line("raise TemplateRuntimeError('extended multiple times')", node.lineno)
            return
        if self.extends == "maybe":
            self.line("if parent_template is not None:", node.lineno)
            self.line("    raise TemplateRuntimeError('extended multiple times')")
        template = self.expression(node.template, frame)
        self.line(f"parent_template = environment.get_template({template}, {self.name!r})", node.lineno)
        self.line(f"add_blocks(context, parent_template.{self.functions}.blocks)")
        if self.extends is None and frame.soft:
            frame.slot.append("parent_template = None")
        self.extends = "maybe" if frame.soft else "surely"

    def compile_include(self, node, frame):
        names = self.expression(node.template, frame)
        fetch = f"template = environment.{template_method(node.template)}({names}, {self.name!r})"
        if node.ignore_missing:
            self.line("try:", node.lineno)
            self.line(f"    {fetch}", node.lineno)
            self.line("except TemplateNotFound:")
            self.line("    pass")
            self.line("else:")
            self.begin()
        else:
            self.line(fetch, node.lineno)
        local = self.locals(frame) if node.with_context else None
        arguments = f"context.get_all(), True{f', {local}' if local else ''}" if node.with_context else ""
        if self.mode == "write":
            context = f"template.new_context({arguments})"
        else:
            context = f"template.new_context_for({', '.join(filter(None, ['template.yielding', arguments]))})"
        self.run(f"template.{self.functions}.root", context, frame, node.lineno)
        if node.ignore_missing:
            self.end()

    def module(self, node, frame):
        """The source of the module of an imported template."""
        template = f"environment.get_template({self.expression(node.template, frame)}, {self.name!r})"
        suffix = "_async" if self.is_async else ""
        if node.with_context:
            local = self.locals(frame)
            module = f"{template}._make_module{suffix}(context.get_all(), True{f', {local}' if local else ''})"
        else:
            module = f"{template}._get_default_module{suffix}(context)"
        return f"await {module}" if self.is_async else module

    def compile_import(self, node, frame):
        self.line(f"{self.declare(node.target, frame)} = {self.module(node, frame)}", node.lineno)
        self.publish([node.target], frame, exported=False)

    def compile_from_import(self, node, frame):
        module = self.new_name("module")
        self.line(f"{module} = {self.module(node, frame)}", node.lineno)
        for name, alias in node.names:
            value = f"import_name({module}, {name!r}, {self.name!r}, undefined)"
            self.line(f"{self.declare(alias, frame)} = {value}", node.lineno)
        self.publish([alias for _, alias in node.names], frame, exported=False)

    def compile_do(self, node, frame):
        self.line(self.expression(node.expression, frame), node.lineno)


def template_method(node):
    """The method of the environment that gets what an include names."""
    if type(node) is nodes.Constant and isinstance(node.value, str):
        return "get_template"
    return "select_template" if type(node) in (nodes.TupleLiteral, nodes.ListLiteral) else "get_or_select_template"


STATEMENTS: dict[Any, Any] = {
    nodes.Assign: Compiler.compile_assign,
    nodes.AssignBlock: Compiler.compile_assign_block,
    nodes.Autoescape: Compiler.compile_autoescape,
    nodes.Block: Compiler.compile_block,
    nodes.Break: Compiler.compile_break,
    nodes.CallBlock: Compiler.compile_call_block,
    nodes.Continue: Compiler.compile_continue,
    nodes.Do: Compiler.compile_do,
    nodes.Extends: Compiler.compile_extends,
    nodes.FilterBlock: Compiler.compile_filter_block,
    nodes.For: Compiler.compile_for,
    nodes.FromImport: Compiler.compile_from_import,
    nodes.If: Compiler.compile_if,
    nodes.Import: Compiler.compile_import,
    nodes.Include: Compiler.compile_include,
    nodes.Macro: Compiler.compile_macro,
    nodes.With: Compiler.compile_with,
}
