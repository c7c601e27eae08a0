"""An application factory: nested blueprints, prefixes with variables, static folders, and two applications of it."""

import os

from flask import Blueprint, Flask, abort, current_app, g, jsonify, make_response, request, url_for
from werkzeug.exceptions import NotFound

for path, text in {
    "assets/site.css": "body { color: red }",
    "assets/deep/er.js": "1;",
    "part/own.txt": "own",
    "shop_instance/secret.txt": "secret",
}.items():
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.utime(path, (1_600_000_000, 1_600_000_000))
here = os.getcwd()


def create_products():
    products = Blueprint("products", __name__, url_prefix="/<lang>/products")
    reviews = Blueprint("reviews", __name__, url_prefix="/<int:product>/reviews")
    staff = Blueprint("staff", __name__, static_folder=os.path.join(here, "part"), static_url_path="/files")

    @products.url_value_preprocessor
    def pull_lang(endpoint, values):
        g.lang = values.pop("lang") if values else None

    @products.url_defaults
    def add_lang(endpoint, values):
        if "lang" in g:
            values.setdefault("lang", g.lang)

    @products.route("/", defaults={"page": 1})
    @products.route("/page/<int:page>", endpoint="paged")
    def index(page):
        return jsonify(lang=g.lang, page=page, here=url_for(".index"), next=url_for(".paged", page=page + 1))

    @reviews.get("/")
    def all_reviews(product):
        return {
            "lang": g.lang,
            "product": product,
            "endpoint": request.endpoint,
            "blueprint": request.blueprint,
            "blueprints": request.blueprints,
            "self": url_for(".all_reviews", product=product),
            "other": url_for(".staff.login", product=product),
            "up": url_for("products.index", lang="fr"),
        }

    @reviews.get("/missing")
    def missing(product):
        abort(404)

    @reviews.errorhandler(404)
    def no_review(error):
        return f"no review in {request.blueprint}", 404

    @staff.url_value_preprocessor
    def pull_product(endpoint, values):
        g.product = values.pop("product")

    @staff.get("/login")
    def login():
        return f"login {request.endpoint} {url_for('.static', filename='own.txt', product=g.product)}"

    @staff.get("/missing")
    def staff_missing():
        raise NotFound("staff")

    @staff.get("/teapot")
    def teapot():
        abort(418)

    @products.errorhandler(418)
    def tea(error):
        return "tea of products", 418

    reviews.register_blueprint(staff, url_prefix="/staff")
    products.register_blueprint(reviews)
    return products


def create_twice():
    twice = Blueprint("twice", __name__, cli_group=None)
    seen = []

    @twice.record
    def each_time(state):
        seen.append([state.first_registration, state.url_prefix, state.subdomain, sorted(state.options)])
        state.add_url_rule(
            f"/recorded{len(seen)}", f"recorded{len(seen)}", view_func=lambda: f"recorded for {state.url_prefix}"
        )

    @twice.record_once
    def once(state):
        state.app.config["ONCE"] = state.app.config.get("ONCE", 0) + 1

    @twice.route("/")
    def index():
        return {"seen": seen, "once": current_app.config["ONCE"], "name": request.blueprint, "url": url_for(".index")}

    twice.add_url_rule("/static-view", "static_view", lambda: "a view", methods=["GET", "POST"])

    @twice.endpoint("twice.elsewhere")
    def elsewhere():
        return "elsewhere"

    twice.add_url_rule("/elsewhere", endpoint="elsewhere", view_func=elsewhere)
    return twice


def create_hooks():
    hooks = Blueprint("hooks", __name__, url_prefix="/hooks")

    def note(word):
        g.setdefault("notes", []).append(word)

    hooks.before_app_request(lambda: note("before app"))
    hooks.before_request(lambda: note("before"))

    @hooks.after_request
    def after(response):
        response.headers.add("X-Notes", "+".join(g.pop("notes", ["none"])))
        return response

    @hooks.after_app_request
    def after_app(response):
        response.headers.add("X-After", "app")
        return response

    hooks.teardown_request(lambda error: note("teardown"))
    hooks.teardown_app_request(lambda error: note("teardown app"))
    hooks.app_errorhandler(410)(lambda error: ("gone, by the hooks", 410))
    hooks.app_url_value_preprocessor(lambda endpoint, values: note(f"values of {endpoint}"))

    @hooks.app_url_defaults
    def defaults(endpoint, values):
        if endpoint == "hooks.defaulted":
            values.setdefault("what", "default")

    @hooks.route("/<what>")
    def defaulted(what):
        return url_for(".defaulted") + " " + what

    @hooks.route("/gone")
    def gone():
        abort(410)

    return hooks


def create_app(config=None, **options):
    app = Flask(
        __name__,
        instance_path=os.path.join(here, "shop_instance"),
        instance_relative_config=True,
        static_folder=os.path.join(here, "assets"),
        static_url_path="/assets",
        root_path=here,
        **options,
    )
    app.logger.disabled = True
    app.config.from_mapping(config or {})
    app.register_blueprint(create_products())
    twice = create_twice()
    app.register_blueprint(twice, url_prefix="/one")
    app.register_blueprint(twice, url_prefix="/two", name="second")
    app.register_blueprint(create_hooks())

    @app.route("/")
    def index():
        return make_response({"static": url_for("static", filename="site.css"), "prefix": app.config.get("PREFIX")})

    @app.get("/about")
    def about():
        with app.open_instance_resource("secret.txt") as file:
            secret = file.read().decode()
        with app.open_resource("assets/site.css", "r", encoding="ascii") as file:
            css = file.read()
        return {
            "name": app.name,
            "import_name": app.import_name,
            "blueprints": [[key, one.name] for key, one in app.blueprints.items()],
            "same": [one.name for one in app.iter_blueprints()],
            "views": sorted(app.view_functions),
            "static": [app.static_folder == os.path.join(here, "assets"), app.static_url_path, app.has_static_folder],
            "instance": os.path.basename(app.instance_path),
            "auto": app.auto_find_instance_path() == os.path.join(here, "instance"),
            "secret": secret,
            "css": css,
            "age": app.get_send_file_max_age("x"),
            "rules": sorted(map(str, app.url_map.iter_rules())),
        }

    @app.get("/static-file/<name>")
    def static_file(name):
        return app.send_static_file(name)

    @app.get("/late")
    def late():
        try:
            app.add_url_rule("/too-late", view_func=late)
        except AssertionError as error:
            return type(error).__name__
        return "not refused"

    @app.get("/refused")
    def refused():
        told, new = [], Blueprint("new", __name__)
        for make in (
            lambda: Blueprint("a.b", __name__),
            lambda: Blueprint("", __name__),
            lambda: Blueprint("ok", __name__).add_url_rule("/x", endpoint="a.b", view_func=index),
            lambda: Blueprint("ok", __name__).register_blueprint(twice, name="a.b"),
            lambda: new.register_blueprint(new),
            lambda: url_for("nothing"),
            lambda: url_for(".nothing"),
        ):
            try:
                make()
                told.append("fine")
            except Exception as error:
                told.append(type(error).__name__)
        return told

    return app


app = create_app()
other = create_app({"PREFIX": "/other", "APPLICATION_ROOT": "/other", "SEND_FILE_MAX_AGE_DEFAULT": 7})
first = app.wsgi_app


def choose(environ, start_response):
    return (other.wsgi_app if environ.get("HTTP_X_OTHER") else first)(environ, start_response)


app.wsgi_app = choose

SCRIPT = [
    ("GET /", {}),
    ("GET /", {"headers": {"X-Other": "yes"}}),
    ("GET /en/products/", {}),
    ("GET /de/products/page/3", {}),
    ("GET /de/products/page/1", {}),
    ("GET /de/products", {}),
    ("GET /en/products/7/reviews/", {}),
    ("GET /en/products/7/reviews/missing", {}),
    ("GET /en/products/x/reviews/missing", {}),
    ("GET /en/products/7/reviews/staff/login", {}),
    ("GET /en/products/7/reviews/staff/missing", {}),
    ("GET /en/products/7/reviews/staff/teapot", {}),
    ("GET /en/products/7/reviews/staff/files/own.txt", {}),
    ("GET /one/", {}),
    ("GET /two/", {}),
    ("GET /one/recorded1", {}),
    ("GET /two/recorded2", {}),
    ("POST /one/static-view", {}),
    ("GET /two/elsewhere", {}),
    ("GET /hooks/thing", {}),
    ("GET /hooks/gone", {}),
    ("GET /hooks/gone", {"headers": {"X-Other": "yes"}}),
    ("OPTIONS /hooks/thing", {}),
    ("GET /about", {}),
    ("GET /about", {"headers": {"X-Other": "yes"}}),
    ("GET /assets/site.css", {}),
    ("GET /assets/site.css", {"headers": {"X-Other": "yes"}}),
    ("GET /assets/deep/er.js", {}),
    ("GET /assets/../shop.py", {}),
    ("POST /assets/site.css", {}),
    ("GET /static-file/site.css", {}),
    ("GET /static-file/none.css", {}),
    ("GET /late", {}),
    ("GET /refused", {}),
]
