"""What the command line names an application by, and the application that it leads to.

Before a request's way: "site/app.py:create_app('test')" is a file, or a module, and what to take from it.
The file is imported under the name that others would import it by, and searched where nothing is named.
"""

from __future__ import annotations

import ast
import os
import sys
from types import FunctionType, ModuleType

from .app import App

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .wsgi import WSGIApplication

__all__ = ["UsageError", "check_target", "load_app"]

# Where Flask looks, in its order.
_DEFAULT_PLACES = ("wsgi", "app")
_APP_NAMES = ("app", "application")
_FACTORY_NAMES = ("create_app", "make_app")


class UsageError(Exception):
    """What was asked for cannot be done; the text is one line that says what to ask instead."""


def load_app(target: str | None = None) -> WSGIApplication:
    """Import an application.

    >>> load_app("wsgiref.simple_server:demo_app").__name__
    'demo_app'

    target    a file or a module; after ":", if it is not to be searched, a name in it or the call of
              a factory with literals: "app.py", "site/app.py:application", "pkg.shop:create_app('test', debug=1)".
              None looks for wsgi.py, then for app.py in the working directory.
    returns   a WSGI callable.  Without a name that is "app" or "application", else the only App,
              else the only thing that takes a start_response, else what create_app() or make_app() return.
    raises    UsageError if the target leads to no application; whatever the application's own code raises

    The folder of the file, or of its outermost package, is put in front of sys.path.
    """
    place, name = _split_target(target) if target else (_find_default(), None)
    module = _import_module(place)
    app = _find_app(module, place) if name is None else _evaluate(module, place, name)
    if not callable(app):
        raise UsageError(f"{target or place!r} gives a {type(app).__name__}, which is not a WSGI application")
    return app


def check_target(target: str | None) -> None:
    """Complain where a target is no file; what is in the file is seen when it is loaded."""
    _locate(_split_target(target)[0] if target else _find_default())


def _split_target(target):
    """Part "place:name"; a drive's colon, as in C:\\app.py, is not the one."""
    colon = target.find(":", 2 if target[1:3] in (":\\", ":/") else 0)
    if colon < 0:
        return target, None
    place, name = target[:colon], target[colon + 1 :].strip()
    if place and name:
        return place, name
    raise UsageError(f"{target!r} lacks a part: write file.py:name, module:name or module:factory()")


def _find_default():
    for place in _DEFAULT_PLACES:
        if _find_file(place):
            return place
    raise UsageError(f"no application named, and neither wsgi.py nor app.py is in {os.getcwd()}: nanoweb run FILE")


# ---- import


def _find_file(place):
    """Return the file that a place names: "app.py" as it is, "app" may be a package or a module; None if neither."""
    path = os.path.realpath(place)
    for file in [path] if place.endswith(".py") else [os.path.join(path, "__init__.py"), path + ".py"]:
        if os.path.isfile(file):
            return file
    return None


def _locate(place):
    """Return the file that a place names; None if it can only be a module somewhere on sys.path."""
    file = _find_file(place)
    if file is None and (place.endswith(".py") or os.path.basename(place) != place):
        raise UsageError(f"there is no file {place!r} (the working directory is {os.getcwd()})")
    return file


def _import_module(place):
    """Import a file under the name that other modules would import it by, or a module by its name."""
    file = _locate(place)
    folder, name = _name_module(file or os.path.realpath(place))
    if file and "." in os.path.basename(file)[:-3]:
        raise UsageError(f"{place!r} cannot be imported, a dot is no part of a module's name: rename the file")
    if sys.path[:1] != [folder]:
        sys.path.insert(0, folder)
    try:
        __import__(name)  # not importlib.import_module(): that leaves its frames in the traceback
    except ModuleNotFoundError as error:
        if _is_from_inside(error):  # a module that was found imports one that is not there
            raise
        raise UsageError(f"cannot import {place!r}: {error}") from None
    module = sys.modules[name]
    found = getattr(module, "__file__", None)
    if file and (found is None or os.path.realpath(found) != os.path.realpath(file)):
        raise UsageError(f"{place!r} cannot be imported, Python has another module {name!r}: rename the file")
    return module


def _name_module(path):
    """Return the folder to import a file from, and its dotted name in there: up to the outermost package.

    A folder with a dot in its name is no package, whatever it holds; neither is the root.
    """
    folder, name = os.path.split(path)
    if name == "__init__.py":
        folder, name = os.path.split(folder)
    elif name.endswith(".py"):
        name = name[:-3]
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        parent, package = os.path.split(folder)
        if not package or "." in package:
            break
        folder, name = parent, f"{package}.{name}"
    return folder, name


# ---- search


def _find_app(module, place):
    """Return what in a module looks most like its application."""
    values = vars(module)
    for name in _APP_NAMES:
        if callable(values.get(name)):
            return values[name]
    for is_app in (_is_app, _takes_start_response):
        names = {id(value): name for name, value in values.items() if is_app(value)}  # one name for each
        if len(names) == 1:
            return values[names.popitem()[1]]
        if names:
            several = sorted(names.values())
            raise UsageError(f"{place!r} has several applications, {_quote(several)}: say {place}:{several[0]}")
    for name in _FACTORY_NAMES:
        if callable(values.get(name)):
            return _call_factory(place, name, values[name])
    found = _quote(_public_names(module))
    raise UsageError(f"no application in {place!r}, it has {found}: call it app, or say {place}:name")


def _is_app(value):
    return isinstance(value, App)


def _takes_start_response(value):
    """Tell whether a function or an object is called as PEP 3333 has it, by the name of its argument."""
    try:
        code = (value if isinstance(value, FunctionType) else type(value).__call__).__code__
    except AttributeError:  # not callable, or not written in Python
        return False
    return "start_response" in code.co_varnames[: code.co_argcount]


def _evaluate(module, place, expression):
    """Return what a name in the module stands for, or what the factory of that name returns."""
    name, arguments = _parse_expression(expression)
    if not hasattr(module, name):
        raise UsageError(f"{place!r} has no {name!r}; it has {_quote(_public_names(module))}")
    value = getattr(module, name)
    if arguments is not None:
        args, kwargs = arguments
        return _call_factory(place, name, value, *args, **kwargs)
    if isinstance(value, FunctionType) and name not in _APP_NAMES and not _takes_start_response(value):
        return _call_factory(place, name, value)
    return value


def _parse_expression(expression):
    """Return the name and None of "name", the name and (args, kwargs) of "name('text', key=1)"."""
    try:
        node = ast.parse(expression, mode="eval").body
        if isinstance(node, ast.Name):
            return node.id, None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            args = [ast.literal_eval(value) for value in node.args]
            kwargs = {keyword.arg: ast.literal_eval(keyword.value) for keyword in node.keywords}
            if None not in kwargs:  # the name of "**kwargs"
                return node.func.id, (args, kwargs)
    except (SyntaxError, ValueError, TypeError):
        pass
    raise UsageError(f"{expression!r} is neither a name nor a call with literals, as in name('text', key=1)")


def _call_factory(place, name, factory, /, *args, **kwargs):
    try:
        return factory(*args, **kwargs)
    except TypeError as error:
        if _is_from_inside(error):
            raise
        hint = f"to give arguments write {place}:{name}('text', key=1)"
        raise UsageError(f"cannot call {name!r} of {place!r}: {error}; {hint}") from None


def _is_from_inside(error):
    """Tell whether code that we called raised the error, and not our attempt to call it."""
    return error.__traceback__.tb_next is not None


def _public_names(module):
    return [name for name, value in vars(module).items() if name[:1] != "_" and not isinstance(value, ModuleType)]


def _quote(names):
    """Return the names for an error's text, not too many of them."""
    return ", ".join([*map(repr, names[:8]), *["..."] * (len(names) > 8)]) or "nothing"
