"""The way of one request through a framework: which functions it calls, in order, and how many.

    python bench/walk.py                             the walk through nanoweb
    python bench/walk.py --explain                   ... with what each function is for
    python bench/walk.py --peer flask                ... through Flask's stack instead
    python bench/walk.py --compare flask,bottle,falcon        figures alone, side by side

The request is one GET with one variable, GET /users/42, to an application that has answered some already:
nothing is traced that happens only once.  Comprehensions count as part of the function they stand in.

Exits with 1 if nanoweb's walk is longer than the documentation promises.
"""

from __future__ import annotations

import argparse
import ast
import functools
import sys
import textwrap
from io import BytesIO
from pathlib import Path

import app as bench
import contestants
import timing

BUDGETS = {"functions": 50, "files": 9, "longest": 40}
COMPREHENSIONS = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}
OWNERS = {"contestants": "view", "app": "server", "__main__": "server"}  # of the functions in our own modules
GENERATOR = 0x20 | 0x80 | 0x200  # the flags of a code object that can be left and entered again


class Call:
    """One call of a Python function, and the calls that it made.

    code     the function's code object
    owner    "framework", "view", "server" (what stands in for one here) or "library"
    calls    the calls made from it, in order
    """

    def __init__(self, code, owner):
        self.code = code
        self.owner = owner
        self.calls = []

    def everything(self):
        """Yield this call and all below it, in the order in which they were made."""
        yield self
        for call in self.calls:
            yield from call.everything()


class Tracer:
    """Builds the tree of calls out of what sys.setprofile tells.

    root         a call without code, that holds the first ones
    builtins     calls of functions written in C
    """

    def __init__(self, packages):
        self.packages = packages
        self.root = Call(None, None)
        self.builtins = 0
        self._stack = [self.root]
        self._generators = {}  # frame: call; a generator is entered many times and called once

    def trace(self, function):
        sys.setprofile(self._note)
        try:
            function()
        finally:
            sys.setprofile(None)

    def _note(self, frame, event, argument):
        if event == "call":
            call = self._generators.get(frame)
            if call is None:
                call = Call(frame.f_code, self._owner(frame))
                self._stack[-1].calls.append(call)
                if frame.f_code.co_flags & GENERATOR:
                    self._generators[frame] = call
            self._stack.append(call)
        elif event == "return" and len(self._stack) > 1:
            self._stack.pop()
        elif event == "c_call" and argument is not sys.setprofile:
            self.builtins += 1

    def _owner(self, frame):
        package = frame.f_globals.get("__name__", "").partition(".")[0]
        return "framework" if package in self.packages else OWNERS.get(package, "library")


class Function:
    """What the source says about a function: where it stands, its full name, its length, what it is for."""

    def __init__(self, code):
        path = Path(code.co_filename)
        self.file = path.name if path.name != "__init__.py" else f"{path.parent.name}/{path.name}"
        self.line = code.co_firstlineno
        name, node = functions_of(code.co_filename).get((code.co_firstlineno, code.co_name), (code.co_name, None))
        self.name = name
        self.lines = count_lines(node) if node else 1
        text = (isinstance(node, ast.FunctionDef) and ast.get_docstring(node)) or ""
        self.summary = textwrap.shorten(text.partition("\n")[0], 80, placeholder=" ...")


@functools.cache
def functions_of(filename):
    """Return {(line, name): (qualified name, node)} of all functions in a source file."""
    found = {}

    def visit(node, prefix):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                first = min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])
                found[first, child.name] = (prefix + child.name, child)
                visit(child, f"{prefix}{child.name}.")
            elif isinstance(child, ast.ClassDef):
                visit(child, f"{prefix}{child.name}.")
            else:
                if isinstance(child, ast.Lambda):
                    found[child.lineno, "<lambda>"] = (prefix + "<lambda>", child)
                visit(child, prefix)

    try:
        source = Path(filename).read_text(encoding="utf-8")
    except OSError:  # code made at run time has no file
        return found
    visit(ast.parse(source), "")
    return found


def count_lines(node):
    """Return the lines of a function from its def to its end, without its docstring."""
    lines = node.end_lineno - node.lineno + 1
    if not isinstance(node, ast.Lambda) and ast.get_docstring(node) is not None:
        lines -= node.body[0].end_lineno - node.body[0].lineno + 1
    return lines


def walk(name):
    """Have a contestant answer GET /users/42 and return its Tracer."""
    app = contestants.BUILD[name]()
    bench.check(name, "variable", app)
    changes, body, _, _ = bench.CASES["variable"]
    run = bench.make_run(app, bench.make_environ(changes), body)
    run(3)
    environ = {**bench.make_environ(changes), "wsgi.input": BytesIO(body)}

    def request():
        answer = app(environ, bench.start_response)
        for _chunk in answer:
            pass
        if hasattr(answer, "close"):
            answer.close()

    tracer = Tracer(contestants.PACKAGES[name])
    tracer.trace(request)
    return tracer


def count(tracer):
    """Return the figures of a walk."""
    calls = {"framework": [], "view": [], "server": [], "library": []}
    for call in tracer.root.everything():
        if call.code is not None and call.code.co_name not in COMPREHENSIONS:
            calls[call.owner].append(call.code)
    functions = [Function(code) for code in dict.fromkeys(calls["framework"])]
    longest = max(functions, key=lambda function: function.lines)
    return {
        "calls": len(calls["framework"]),
        "functions": len(functions),
        "files": len({code.co_filename for code in calls["framework"]}),
        "longest": longest.lines,
        "which is": f"{longest.name} in {longest.file}",
        "library calls": len(calls["library"]),
        "built-in calls": tracer.builtins,
    }


def show_walk(tracer, explain):
    """Print the tree of calls, without those of the standard library."""
    lines = []

    def collect(call, depth):
        shown = call.owner != "library" and call.code.co_name not in COMPREHENSIONS
        if shown:
            function = Function(call.code)
            note = f"the {call.owner}" if call.owner != "framework" else function.summary if explain else ""
            lines.append((f"{function.file}:{function.line}", "  " * depth + function.name, note))
        for inner in call.calls:
            collect(inner, depth + shown)

    [request] = tracer.root.calls
    for call in request.calls:
        collect(call, 0)
    first, second = (max(len(line[column]) for line in lines) for column in (0, 1))
    last = None
    for where, name, note in lines:
        if (where, name) != last:
            print(f"{where:{first}}  {name:{second}}  {note}".rstrip())
        last = (where, name)


def show_figures(figures, promised):
    for name, figure in figures.items():
        budget = f"  of {BUDGETS[name]}" if promised and name in BUDGETS else ""
        unit = " lines" if name == "longest" else ""
        print(f"{name:16}{figure}{unit}{budget}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    among = [name for name in contestants.PACKAGES if name != "bare"]
    parser.add_argument(
        "--peer", metavar="NAME", default="nanoweb", help=f"walk through this one of {', '.join(among)}"
    )
    parser.add_argument("--compare", metavar="NAMES", help="show nanoweb's figures beside these")
    parser.add_argument("--explain", action="store_true", help="show the first line of each function's documentation")
    timing.add_output_options(parser)
    options = parser.parse_args()

    wanted = f"nanoweb,{options.compare}" if options.compare else options.peer
    tracers = {name: walk(name) for name in contestants.choose(wanted, among)}
    figures = {name: count(tracer) for name, tracer in tracers.items()}
    if options.form == "json":
        timing.show_json({"machine": timing.machine(), "walks": figures})
    elif options.form == "markdown" or options.compare:
        titles = list(next(iter(figures.values())))
        rows = [[title, *(str(figures[name][title]) for name in figures)] for title in titles]
        timing.show_table(["", *figures], rows, options.form)
    else:
        [(name, tracer)] = tracers.items()
        show_walk(tracer, options.explain)
        print()
        show_figures(figures[name], promised=name == "nanoweb")
    over = [title for title, budget in BUDGETS.items() if figures.get("nanoweb", {}).get(title, 0) > budget]
    sys.exit(f"nanoweb's walk is over its budget: {', '.join(over)}" if over else 0)


if __name__ == "__main__":
    main()
