"""A part of an application, written down to be registered with one, under a prefix, once or several times.

Before a request's way: App.register_blueprint() calls Blueprint.register(), which makes a
BlueprintSetupState, where and under which name this time, and calls with it all that was recorded.
Nothing of a blueprint is at work in a request but its name: its functions stand in the
application's tables under that.
"""

from __future__ import annotations

from .scaffold import Scaffold, check_blueprint, endpoint_of, named

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from typing import Any, TypeVar

    from .app import App

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["Blueprint", "BlueprintSetupState"]


class BlueprintSetupState:
    """One registration of a blueprint with an application.

    name            under which it is registered; name_prefix those of the blueprints around it, with a dot behind
    url_prefix, subdomain    of all its rules
    url_defaults    values of variables in the prefix
    first_registration       whether the application has not had it before, under whatever name
    """

    def __init__(self, blueprint: Blueprint, app: App, options: dict[str, Any], first_registration: bool) -> None:
        self.app = app
        self.blueprint = blueprint
        self.options = options
        self.first_registration = first_registration
        self.subdomain: str | None = _chosen(options, "subdomain", blueprint)
        self.url_prefix: str | None = _chosen(options, "url_prefix", blueprint)
        self.name: str = options.get("name", blueprint.name)
        self.name_prefix: str = options.get("name_prefix", "")
        self.url_defaults = {**blueprint.url_values_defaults, **options.get("url_defaults", {})}

    @property
    def full_name(self) -> str:
        """The name with those of the blueprints around it."""
        return f"{self.name_prefix}.{self.name}".lstrip(".")

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        **options: Any,
    ) -> None:
        """Add a rule to the application, below the prefix, its endpoint behind the blueprint's name."""
        if self.url_prefix is not None:
            rule = join_paths(self.url_prefix, rule)
        options.setdefault("subdomain", self.subdomain)
        if endpoint is None:
            endpoint = endpoint_of(rule, view_func)
        defaults = {**self.url_defaults, **(options.pop("defaults", None) or {})}
        self.app.add_url_rule(rule, f"{self.full_name}.{endpoint}", view_func, defaults=defaults, **options)


class Blueprint(Scaffold):
    """A part of an application.

    >>> from nanoweb import App
    >>> admin = Blueprint("admin", __name__, url_prefix="/admin")
    >>> @admin.get("/users")
    ... def users():
    ...     return "all of them"
    >>> app = App("site")
    >>> app.register_blueprint(admin)
    >>> app.test_client().get("/admin/users").text, app.url_for("admin.users")
    ('all of them', '/admin/users')

    name          what its endpoints begin with; no dots
    url_prefix    in front of its rules; may have variables
    subdomain     of its rules
    url_defaults  values of variables in the prefix
    cli_group     of its commands: its name if "", none of their own if None

    The rest is as for App.
    """

    def __init__(
        self,
        name: str,
        import_name: str,
        static_folder: str | os.PathLike[str] | None = None,
        static_url_path: str | None = None,
        template_folder: str | os.PathLike[str] | None = None,
        url_prefix: str | None = None,
        subdomain: str | None = None,
        url_defaults: dict[str, Any] | None = None,
        root_path: str | None = None,
        cli_group: str | None = "",
    ) -> None:
        super().__init__(import_name, static_folder, static_url_path, template_folder, root_path)
        _check_name(name)
        self.name = name
        self.url_prefix = url_prefix
        self.subdomain = subdomain
        self.url_values_defaults = url_defaults or {}
        self.cli_group = cli_group
        self.deferred_functions: list[Callable[[BlueprintSetupState], None]] = []
        self._blueprints: list[tuple[Blueprint, dict[str, Any]]] = []
        self._got_registered_once = False

    def record(self, func: Callable[[BlueprintSetupState], None]) -> None:
        """Have a function called with the state at each registration."""
        self._check_setup_finished()
        self.deferred_functions.append(func)

    def record_once(self, func: Callable[[BlueprintSetupState], None]) -> None:
        """Have it called at the first registration with an application only."""
        self.record(lambda state: func(state) if state.first_registration else None)

    def _check_setup_finished(self) -> None:
        if self._got_registered_once:
            raise AssertionError(
                f"blueprint {self.name!r} is registered already, and what is added now its application would not see:"
                " import all that belongs to it before you register it"
            )

    def make_setup_state(self, app: App, options: dict[str, Any], first_registration: bool = False) -> Any:
        """Return what the recorded functions are called with."""
        return BlueprintSetupState(self, app, options, first_registration)

    def register_blueprint(self, blueprint: Blueprint, **options: Any) -> None:
        """Put a blueprint inside this one; the options are those of App.register_blueprint."""
        check_blueprint(blueprint)
        if blueprint._contains(self):
            raise ValueError(f"blueprint {self.name!r} cannot be inside itself")
        self._check_setup_finished()
        self._blueprints.append((blueprint, options))

    def _contains(self, other):
        return self is other or any(blueprint._contains(other) for blueprint, _ in self._blueprints)

    def register(self, app: App, options: dict[str, Any]) -> None:
        """Do to an application what was recorded; called by App.register_blueprint."""
        state = self.make_setup_state(app, options, self not in app.blueprints.values())
        name = state.full_name
        if name in app.blueprints:
            known = app.blueprints[name]
            raise ValueError(
                f"blueprint name {name!r} is taken by {'the same' if known is self else 'another'} blueprint:"
                " give name= another one, and each registration has its own"
            )
        _check_name(state.name)
        app.blueprints[name] = self
        self._got_registered_once = True
        if self.has_static_folder:
            state.add_url_rule(f"{self.static_url_path}/<path:filename>", "static", self.send_static_file)
        for function in self.deferred_functions:
            function(state)
        if "cli" in self.__dict__:
            self._add_commands(app, options.get("cli_group", self.cli_group), name)
        for blueprint, inner in self._blueprints:
            blueprint.register(app, _inner_options(state, blueprint, inner))

    def _add_commands(self, app, group, name):
        """Take our commands into those of the application: as a group of a name, or one by one."""
        if group is None:
            app.cli.commands.update(self.cli.commands)
        else:
            app.cli.add_command(self.cli, group or name)

    # What Scaffold leaves to us: all is recorded

    def _add_rule(self, rule, endpoint, view_func, options):
        for what, name in (("endpoint", endpoint), ("view function", getattr(view_func, "__name__", None))):
            if name and "." in name:
                raise ValueError(f"{what} {name!r} has a dot, and what stands before a dot is a blueprint's name")
        self.record(lambda state: state.add_url_rule(rule, endpoint, view_func, **options))

    def _set_view(self, endpoint, view_func):
        def set_view(state):
            # Flask takes the name as it is, so that programs for it give the whole one, or one outside of us.
            for name in (f"{state.full_name}.{endpoint}", endpoint):
                state.app.view_functions.setdefault(name, view_func)

        self.record(set_view)

    def _add_function(self, table, f):
        self.record(lambda state: state.app._add_function(table, f, state.full_name))

    def _set_error_handler(self, code, cls, f):
        self.record(lambda state: state.app._set_error_handler(code, cls, f, state.full_name))

    # For the whole application, whoever's view is called

    def _app_function(self, table, f):
        self.record_once(lambda state: state.app._add_function(table, f))
        return f

    def before_app_request(self, f: F) -> F:
        """As before_request, for every request."""
        return self._app_function("before_request_funcs", f)

    def after_app_request(self, f: F) -> F:
        """As after_request, for every request."""
        return self._app_function("after_request_funcs", f)

    def teardown_app_request(self, f: F) -> F:
        """As teardown_request, for every request."""
        return self._app_function("teardown_request_funcs", f)

    def app_context_processor(self, f: F) -> F:
        """As context_processor, for every template."""
        return self._app_function("template_context_processors", f)

    def app_template_filter(self, name: str | None = None) -> Callable[[F], F]:
        """As App.template_filter."""
        return named(self.add_app_template_filter, name)

    def app_template_test(self, name: str | None = None) -> Callable[[F], F]:
        """As App.template_test."""
        return named(self.add_app_template_test, name)

    def app_template_global(self, name: str | None = None) -> Callable[[F], F]:
        """As App.template_global."""
        return named(self.add_app_template_global, name)

    def add_app_template_filter(self, f: Callable[..., Any], name: str | None = None) -> None:
        """As App.add_template_filter."""
        self.record_once(lambda state: state.app.add_template_filter(f, name))

    def add_app_template_test(self, f: Callable[..., Any], name: str | None = None) -> None:
        """As App.add_template_test."""
        self.record_once(lambda state: state.app.add_template_test(f, name))

    def add_app_template_global(self, f: Callable[..., Any], name: str | None = None) -> None:
        """As App.add_template_global."""
        self.record_once(lambda state: state.app.add_template_global(f, name))

    def app_url_value_preprocessor(self, f: F) -> F:
        """As url_value_preprocessor, for every request."""
        return self._app_function("url_value_preprocessors", f)

    def app_url_defaults(self, f: F) -> F:
        """As url_defaults, for every address."""
        return self._app_function("url_default_functions", f)

    def app_errorhandler(self, code: int | type[Exception]) -> Callable[[F], F]:
        """As errorhandler, for every request."""

        def decorator(f: F) -> F:
            self.record_once(lambda state: state.app.register_error_handler(code, f))
            return f

        return decorator


def _check_name(name):
    if not name or "." in name:
        raise ValueError(f"blueprint name {name!r}: some text, without dots, which part the names of nested ones")


def _chosen(options, name, blueprint):
    """What an option of a registration says; None is what the blueprint says."""
    value = options.get(name)
    return getattr(blueprint, name) if value is None else value


def _inner_options(state, blueprint, options):
    """The options for a blueprint inside another one: prefix, subdomain and name are added to those around it."""
    options = dict(options)
    prefix = _chosen(options, "url_prefix", blueprint)
    if state.url_prefix is not None:
        prefix = state.url_prefix if prefix is None else join_paths(state.url_prefix, prefix)
    if prefix is not None:
        options["url_prefix"] = prefix
    subdomain = _chosen(options, "subdomain", blueprint)
    if subdomain is not None or state.subdomain is not None:
        options["subdomain"] = ".".join(filter(None, [subdomain, state.subdomain]))
    options["name_prefix"] = state.full_name
    return options


def join_paths(prefix: str, rule: str) -> str:
    """Return a rule below a prefix, with one slash between.

    >>> join_paths("/admin/", "/users"), join_paths("/admin", "")
    ('/admin/users', '/admin')
    """
    return f"{prefix.rstrip('/')}/{rule.lstrip('/')}" if rule else prefix
