"""Where the sources of templates come from.

In a request's way: Environment.get_template() asks its loader for a name that it has
not compiled yet.  A name is a path with "/" on every system.  It may come from another
template and that one from a visitor, so no name leads out of a loader's folder.
"""

from __future__ import annotations

import os
import posixpath
from importlib import import_module

from .errors import TemplateNotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping, Sequence
    from typing import Any, Union

    from .environment import Environment, Template

    Found = tuple[str, Union[str, None], Union[Callable[[], bool], None]]
    Path = Union[str, os.PathLike[str]]

__all__ = [
    "BaseLoader",
    "ChoiceLoader",
    "DictLoader",
    "FileSystemLoader",
    "FunctionLoader",
    "PackageLoader",
    "PrefixLoader",
]


def _not_found(template, *places):
    """Return the error for a name that no loader knows, which tells where they have looked."""
    places = tuple(dict.fromkeys(places))
    error = TemplateNotFound(template, f"{template!r} not found in {' or in '.join(places)}" if places else None)
    error.places = places
    return error


def split_template_path(template: str) -> list[str]:
    """Split the name of a template into folders and a file, none of which leads upwards.

    >>> split_template_path("blog/./post.html")
    ['blog', 'post.html']

    raises    TemplateNotFound    for "..", and for what the system would take for more than one name
    """
    pieces = []
    for piece in template.split("/"):
        if piece == ".." or "\0" in piece or _is_special(piece):
            raise _not_found(template, f"any folder ({piece!r} leads out of it)")
        if piece and piece != ".":
            pieces.append(piece)
    return pieces


def _is_special(piece, on_windows=os.name == "nt"):
    """Does Windows see in this name another folder, a drive, a stream, or no file at all?"""
    if not on_windows:
        return False
    # "C:x" is elsewhere, "x.html:y" a stream, and "CON.html" the console; ". ." and ".. " are "..".
    stem = piece.split(".")[0].rstrip(" ").upper()
    return (
        "\\" in piece
        or ":" in piece
        or (piece not in {"", "."} and piece.endswith((" ", ".")))
        or stem in _devices
        or (stem[:3] in {"COM", "LPT"} and stem[3:] in _device_numbers)
    )


_devices = {"AUX", "CON", "CONIN$", "CONOUT$", "NUL", "PRN"}
_device_numbers = set("0123456789\u00b9\u00b2\u00b3")


class BaseLoader:
    """What a loader does; derive from it and write get_source().

    has_source_access is False for a loader that has compiled templates alone and
    overrides load().
    """

    has_source_access = True

    def get_source(self, environment: Environment, template: str) -> Found:
        """Find a template by its name.

        returns    the source; the file's name, or None; and a function that says whether
                   the source is still the same, or None if it always is
        raises     TemplateNotFound
        """
        if not self.has_source_access:
            raise RuntimeError(f"{type(self).__name__} cannot provide access to the source")
        raise TemplateNotFound(template)

    def list_templates(self) -> list[str]:
        """Return the names of all templates, sorted."""
        raise TypeError(f"{type(self).__name__}: this loader cannot iterate over all templates")

    def load(self, environment: Environment, name: str, globals: MutableMapping[str, Any] | None = None) -> Template:
        """Find a template, compile it, or take it from environment.bytecode_cache, and return it."""
        source, filename, uptodate = self.get_source(environment, name)
        code = environment._get_code(source, name, filename)
        template = environment.template_class.from_code(
            environment, code, {} if globals is None else globals, uptodate
        )
        template._source = source  # stream() compiles it once more, as a generator
        return template


class _Unchanged:
    """Is a file the one that was read?  A file that is gone is not."""

    __slots__ = ("filename", "modified")

    def __init__(self, filename, file):
        self.filename = filename
        self.modified = os.fstat(file.fileno()).st_mtime_ns  # of what is open, whatever replaces it now

    def __call__(self):
        try:
            return os.stat(self.filename).st_mtime_ns == self.modified
        except OSError:
            return False


def _read(filename, encoding):
    with open(filename, encoding=encoding) as file:
        uptodate = _Unchanged(filename, file)
        try:
            source = file.read()
        except UnicodeDecodeError as error:
            raise _named(error, filename) from None
    # Messages show the plain path.  It is not what is opened: in "link/../x" a link may lead elsewhere.
    return source, os.path.normpath(filename), uptodate


def _named(error, filename):
    """Have an error say which file cannot be decoded: it may be one of many that a page is made of."""
    error.reason += f"; in {filename!r}: save it in this encoding, or give the loader another"
    return error


def _list_files(root, followlinks=False):
    """Yield the names of the files below a folder, as templates are named."""
    for folder, _, filenames in os.walk(root, followlinks=followlinks):
        for filename in filenames:
            name = os.path.relpath(os.path.join(folder, filename), root)
            yield name.replace(os.sep, "/")


class FileSystemLoader(BaseLoader):
    """Templates in folders; the first that has a name provides it.

    A name does not lead out of a folder, but a symbolic link in it may: who can write there decides what is read.

    searchpath     a folder or a list of them
    encoding       of the files
    followlinks    list_templates() goes into folders that are symbolic links
    """

    def __init__(self, searchpath: Path | Sequence[Path], encoding: str = "utf-8", followlinks: bool = False) -> None:
        if isinstance(searchpath, (str, os.PathLike)):
            searchpath = [searchpath]
        self.searchpath = [os.fspath(path) for path in searchpath]
        self.encoding = encoding
        self.followlinks = followlinks

    def get_source(self, environment: Environment, template: str) -> Found:
        pieces = split_template_path(template)
        for folder in self.searchpath:
            # Forward slashes on Windows, too: there they work as well, and look the same in messages.
            filename = posixpath.join(folder, *pieces)
            if os.path.isfile(filename):
                return _read(filename, self.encoding)
        raise _not_found(template, f"search path: {', '.join(map(repr, self.searchpath))}")

    def list_templates(self) -> list[str]:
        names: set[str] = set()
        for folder in self.searchpath:
            names.update(_list_files(folder, self.followlinks))
        return sorted(names)


class PackageLoader(BaseLoader):
    """Templates in a folder of a Python package, which may be in a zip file.

    package_name    as it is imported
    package_path    the folder's name within the package
    raises          ValueError    if there is no such folder
    """

    def __init__(self, package_name: str, package_path: str = "templates", encoding: str = "utf-8") -> None:
        self.package_name = package_name
        self.package_path = os.path.normpath(package_path).rstrip(os.sep)
        if self.package_path == os.curdir:
            self.package_path = ""
        self.encoding = encoding
        spec = import_module(package_name).__spec__
        if spec is None:
            raise ValueError(f"{package_name!r} was run, not imported, so its templates cannot be found")
        self._loader: Any = spec.loader
        self._archive: str | None = getattr(spec.loader, "archive", None)
        self._root = self._find_root(spec)

    def _find_root(self, spec):
        folders = list(spec.submodule_search_locations or ())  # several if no __init__.py makes them one
        if not folders and spec.origin is not None:
            folders = [os.path.dirname(spec.origin)]  # a single module: its neighbours
        for folder in folders:
            root = os.path.join(folder, self.package_path).rstrip(os.sep)
            if os.path.isdir(root) or (self._archive is not None and any(self._list_archive(root))):
                return root
        raise ValueError(
            f"the package {self.package_name!r} has no folder {self.package_path!r}"
            f" for templates; there is none in: {', '.join(folders) or 'it'}"
        )

    def get_source(self, environment: Environment, template: str) -> Found:
        filename = posixpath.join(self._root, *split_template_path(template))
        if self._archive is None:
            if not os.path.isfile(filename):
                raise _not_found(template, self._place)
            return _read(filename, self.encoding)
        try:
            source = self._loader.get_data(os.path.normpath(filename))
        except OSError:
            raise _not_found(template, self._place) from None
        try:
            text = source.decode(self.encoding)
        except UnicodeDecodeError as error:
            raise _named(error, filename) from None
        return text, os.path.normpath(filename), None  # a package in use does not change

    @property
    def _place(self):
        return f"package {self.package_name!r}, folder {self._root!r}"

    def list_templates(self) -> list[str]:
        return sorted(_list_files(self._root) if self._archive is None else self._list_archive(self._root))

    def _list_archive(self, root):
        from zipfile import ZipFile

        prefix = os.path.relpath(root, self._archive).replace(os.sep, "/") + "/"
        with ZipFile(self._loader.archive) as archive:
            for name in archive.namelist():
                if name.startswith(prefix) and not name.endswith("/"):
                    yield name[len(prefix) :]


class DictLoader(BaseLoader):
    """Templates in a mapping of names to sources; for tests, mostly.

    >>> DictLoader({"index.html": "Hello!"}).get_source(None, "index.html")[0]
    'Hello!'
    """

    def __init__(self, mapping: Mapping[str, str]) -> None:
        self.mapping = mapping

    def get_source(self, environment: Environment, template: str) -> Found:
        if template not in self.mapping:
            raise TemplateNotFound(template)
        source = self.mapping[template]
        return source, None, lambda: self.mapping.get(template) == source

    def list_templates(self) -> list[str]:
        return sorted(self.mapping)


class FunctionLoader(BaseLoader):
    """Templates that a function finds.

    load_func    takes a name; returns None if there is no such template, its source,
                 or what get_source() returns
    """

    def __init__(self, load_func: Callable[[str], str | Found | None]) -> None:
        self.load_func = load_func

    def get_source(self, environment: Environment, template: str) -> Found:
        found = self.load_func(template)
        if found is None:
            raise TemplateNotFound(template)
        return (found, None, None) if isinstance(found, str) else found


class PrefixLoader(BaseLoader):
    """Templates of several loaders, told apart by the beginning of the name.

    >>> loader = PrefixLoader({"shop": DictLoader({"index.html": "Buy!"})})
    >>> loader.list_templates()
    ['shop/index.html']

    mapping      beginnings to loaders
    delimiter    what stands behind a beginning
    """

    def __init__(self, mapping: Mapping[str, BaseLoader], delimiter: str = "/") -> None:
        self.mapping = mapping
        self.delimiter = delimiter

    def get_loader(self, template: str) -> tuple[BaseLoader, str]:
        """Return the loader for a name, and what the name is there."""
        prefix, found, name = template.partition(self.delimiter)
        if not found or prefix not in self.mapping:
            known = ", ".join([repr(prefix + self.delimiter) for prefix in self.mapping])
            raise _not_found(template, f"loaders for {known}")
        return self.mapping[prefix], name

    def get_source(self, environment: Environment, template: str) -> Found:
        loader, name = self.get_loader(template)
        try:
            return loader.get_source(environment, name)
        except TemplateNotFound as error:
            raise _not_found(template, *error.places) from None  # the name that was asked for

    def load(self, environment: Environment, name: str, globals: MutableMapping[str, Any] | None = None) -> Template:
        loader, local_name = self.get_loader(name)
        try:
            return loader.load(environment, local_name, globals)
        except TemplateNotFound as error:
            raise _not_found(name, *error.places) from None

    def list_templates(self) -> list[str]:
        return [
            prefix + self.delimiter + name
            for prefix, loader in self.mapping.items()
            for name in loader.list_templates()
        ]


class ChoiceLoader(BaseLoader):
    """Templates of several loaders, the first that has a name provides it."""

    def __init__(self, loaders: Sequence[BaseLoader]) -> None:
        self.loaders = loaders

    def get_source(self, environment: Environment, template: str) -> Found:
        places: list[str] = []
        for loader in self.loaders:
            try:
                return loader.get_source(environment, template)
            except TemplateNotFound as error:
                places += error.places
        raise _not_found(template, *places)

    def load(self, environment: Environment, name: str, globals: MutableMapping[str, Any] | None = None) -> Template:
        places: list[str] = []
        for loader in self.loaders:
            try:
                return loader.load(environment, name, globals)
            except TemplateNotFound as error:
                places += error.places
        raise _not_found(name, *places)

    def list_templates(self) -> list[str]:
        return sorted({name for loader in self.loaders for name in loader.list_templates()})
