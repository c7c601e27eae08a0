"""The application's templates: whose folders a name is looked up in, and what is told when it is in none.

In a request's way: a view calls render_template, that asks `App.jinja_env`, an Environment of this
module, and its loader asks the folders of the application and of its blueprints, in this order.
Loaded with the first template that is asked for.
"""

from __future__ import annotations

from .context import _request_ctx_stack, g, request, session
from .shortcuts import get_flashed_messages
from .template import BaseLoader, TemplateNotFound
from .template import Environment as BaseEnvironment
from .template.environment import LRUCache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Union

    from .app import App
    from .scaffold import Scaffold
    from .template import Template

    Found = tuple[str, Union[str, None], Union[Callable[[], bool], None]]

__all__ = ["DispatchingJinjaLoader", "Environment", "create_environment"]


class Environment(BaseEnvironment):
    """The environment of an application's templates, with a loader that knows its blueprints.

    longest_source    characters; what is longer is compiled each time by render_template_string
    """

    longest_source = 20_000

    def __init__(self, app: App, **options: Any) -> None:
        if "loader" not in options:
            options["loader"] = app.create_global_jinja_loader()
        super().__init__(**options)
        self.app = app
        self._strings = LRUCache(400)  # {source: its template}

    def template_of(self, source: str) -> Template:
        """Return a template of this source, kept for the next time: a view has the same one at every request."""
        template: Template | None = self._strings.get(source)
        if template is None:
            template = self.from_string(source)
            if len(source) <= self.longest_source:
                self._strings[source] = template
        return template


def create_environment(app: App) -> Environment:
    """Return the environment of an application, with what each of its templates may use."""
    options = dict(app.jinja_options)
    options.setdefault("autoescape", app.select_jinja_autoescape)
    auto_reload = app.config["TEMPLATES_AUTO_RELOAD"]
    options.setdefault("auto_reload", app.debug if auto_reload is None else auto_reload)
    environment = (app.jinja_environment or Environment)(app, **options)
    environment.globals.update(
        url_for=app.url_for,
        get_flashed_messages=get_flashed_messages,
        config=app.config,
        request=request,
        session=session,
        g=g,
    )

    def dumps(obj, **kwargs):  # for weight: until a template writes JSON, nothing is loaded that does
        return app.json.dumps(obj, **kwargs)

    environment.policies["json.dumps_function"] = dumps
    return environment


class DispatchingJinjaLoader(BaseLoader):
    """Looks a template up in the application's folder, then in those of its blueprints, as they were registered."""

    def __init__(self, app: App) -> None:
        self.app = app

    def get_source(self, environment: BaseEnvironment, template: str) -> Found:
        """Return a template's source, its file, and a function that says whether it is unchanged.

        raises    TemplateNotFound; in debug mode its message has all the places that were looked at
        """
        if self.app.config["EXPLAIN_TEMPLATE_LOADING"]:
            return self._explained(environment, template)
        for _, loader in self._loaders():
            try:
                return loader.get_source(environment, template)
            except TemplateNotFound:
                continue
        raise TemplateNotFound(template, self._complaint(template) if self.app.debug else None)

    def _loaders(self) -> Iterator[tuple[Scaffold, BaseLoader]]:
        """Each one that has templates, with their loader."""
        for owner in (self.app, *self.app.iter_blueprints()):
            if owner.jinja_loader is not None:
                yield owner, owner.jinja_loader

    def _complaint(self, template):
        places = [f"{_describe(owner)} looks in {_place(loader)}" for owner, loader in self._loaders()]
        return f"{template}: no such template; {', '.join(places) or 'nobody here has a folder of templates'}"

    def _explained(self, environment, template):
        """Look everywhere, and have the log say where it was and where it was not."""
        found = None
        lines = [f"Locating template {template!r}:"]
        for number, (owner, loader) in enumerate(self._loaders(), 1):
            try:
                here = loader.get_source(environment, template)
                verdict = f"found ({here[1]!r})"
            except TemplateNotFound:
                here, verdict = None, "no match"
            found = found or here
            lines.append(f"{number:5}: {_describe(owner)}, {_place(loader)}: {verdict}")
        if found is None:
            lines.append("It is in none of them; is its name spelled so, and its folder the one above?")
            top = _request_ctx_stack.top
            if top is not None and top.request.blueprint is not None:
                lines.append(f"The view is of the blueprint {top.request.blueprint!r}: has that a template_folder?")
        self.app.logger.info("\n".join(lines))
        if found is None:
            raise TemplateNotFound(template, self._complaint(template) if self.app.debug else None)
        return found

    def list_templates(self) -> list[str]:
        """Return the names of all templates of the application and its blueprints, sorted."""
        return sorted({name for _, loader in self._loaders() for name in loader.list_templates()})


def _describe(owner):
    return f"{'blueprint' if hasattr(owner, 'record') else 'application'} {owner.name!r}"


def _place(loader):
    """Where a loader looks: its folders, or its class."""
    folders = getattr(loader, "searchpath", None)
    return " and ".join(map(repr, folders)) if folders else type(loader).__name__
