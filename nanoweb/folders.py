"""The folders of a module: its static files, its resources, and what belongs to the installation.

In a request's way: send_static_file is the view of the static folder.  All else is asked for when a
program is set up.
"""

from __future__ import annotations

import os
import sys

from .context import current_app
from .properties import cached_property
from .shortcuts import send_from_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any

    from .template import BaseLoader
    from .wrappers import Response

__all__ = ["Folders", "folder_above", "folder_of", "prefix_of"]


class Folders:
    """What App and Blueprint know of the module that they stand in.

    import_name      its name: ``__name__``
    static_folder    the folder of files that are sent as they are, seen from root_path
    static_url_path  where they are found; the folder's own name if not given
    template_folder  the folder of templates, seen from root_path
    root_path        the folder of the module, unless given
    """

    def __init__(
        self,
        import_name: str,
        static_folder: str | os.PathLike[str] | None = None,
        static_url_path: str | None = None,
        template_folder: str | os.PathLike[str] | None = None,
        root_path: str | os.PathLike[str] | None = None,
    ) -> None:
        if not isinstance(import_name, str):
            raise TypeError(f"import_name is {import_name!r:.200}: give the name of the module, __name__")
        self.import_name = import_name
        self.root_path = os.fspath(root_path) if root_path is not None else folder_of(import_name)
        self.static_folder = static_folder
        self.static_url_path = static_url_path
        self.template_folder = template_folder

    @property
    def static_folder(self) -> str | None:
        """The folder of files that are sent as they are, with its whole path; None if there is none."""
        return None if self._static_folder is None else os.path.join(self.root_path, self._static_folder)

    @static_folder.setter
    def static_folder(self, value: str | os.PathLike[str] | None) -> None:
        self._static_folder = None if value is None else os.fspath(value).rstrip("/\\")

    @property
    def has_static_folder(self) -> bool:
        """Whether there is one."""
        return self._static_folder is not None

    @property
    def static_url_path(self) -> str | None:
        """Where its files are found, without a slash at the end."""
        if self._static_url_path is not None:
            return self._static_url_path
        return None if self.static_folder is None else f"/{os.path.basename(self.static_folder)}".rstrip("/")

    @static_url_path.setter
    def static_url_path(self, value: str | None) -> None:
        self._static_url_path = None if value is None else value.rstrip("/")

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        """For how many seconds a client may keep a file without asking; by default SEND_FILE_MAX_AGE_DEFAULT."""
        value = current_app.config["SEND_FILE_MAX_AGE_DEFAULT"]
        if hasattr(value, "total_seconds"):
            value = int(value.total_seconds())
        return None if value is None else max(value, 0)

    def send_static_file(self, filename: str) -> Response:
        """The view of the static folder."""
        if self.static_folder is None:
            raise RuntimeError(f"{self!r} sends static files from its static_folder, and it has none")
        max_age = self.get_send_file_max_age(filename)
        return send_from_directory(self.static_folder, filename, max_age=max_age)

    @cached_property
    def jinja_loader(self) -> BaseLoader | None:
        """What reads the folder of templates; None if there is none."""
        if self.template_folder is None:
            return None
        from .template import FileSystemLoader  # for weight

        return FileSystemLoader(os.path.join(self.root_path, self.template_folder))

    def open_resource(self, resource: str, mode: str = "rb", encoding: str | None = "utf-8") -> IO[Any]:
        """Open a file below root_path to read it."""
        if mode not in {"r", "rt", "rb"}:
            raise ValueError(f"open_resource(mode={mode!r}): resources are only read, by 'r' or 'rb'")
        return open(os.path.join(self.root_path, resource), mode, encoding=None if mode == "rb" else encoding)


def folder_of(import_name: str) -> str:
    """The folder of a module, which need not be loaded; the current one for a name that is no module's."""
    path = _file_of(import_name)
    return os.path.dirname(os.path.abspath(path)) if path else os.getcwd()


def folder_above(import_name: str) -> str:
    """The folder in which a module lies, or the package that it is a part of."""
    path = _file_of(import_name)
    if path is None:
        return os.getcwd()
    folder = os.path.dirname(os.path.abspath(path))
    packages = import_name.split(".")
    if not os.path.basename(path).startswith("__init__."):
        packages.pop()
    while packages and os.path.basename(folder) == packages.pop():  # unlike where a file was loaded by any name
        folder = os.path.dirname(folder)
    return folder


def prefix_of(folder: str) -> str | None:
    """The prefix of the Python that a folder of modules is installed in; None if it belongs to none."""
    prefix = os.path.abspath(sys.prefix)
    if f"{folder}{os.sep}".startswith(os.path.join(prefix, "")):
        return prefix
    above, name = os.path.split(folder)
    if name.lower() != "site-packages":
        return None
    for lib in (above, os.path.dirname(above)):  # lib/site-packages as in Windows, lib/python3.9/site-packages
        if os.path.basename(lib).lower() == "lib":
            return os.path.dirname(lib)
    return above


def _file_of(import_name):
    """The file of a module; None for a name that is no module's, or only that of a session at the prompt."""
    path = getattr(sys.modules.get(import_name), "__file__", None)
    if path is not None:
        return path
    from importlib.util import find_spec  # for weight: it is asked for modules that are not loaded, which is rare

    try:
        spec = find_spec(import_name)
    except (ImportError, ValueError):
        return None
    if spec is None or spec.has_location:
        return spec and spec.origin
    for folder in spec.submodule_search_locations or ():  # a package without an __init__.py
        return os.path.join(folder, "__init__.py")
    return None
