"""Subdomains: of rules, of blueprints, nested, with variables, and of SERVER_NAME."""

from flask import Blueprint, Flask, request, session, url_for

app = Flask(__name__, subdomain_matching=True)
app.config["SERVER_NAME"] = "shop.example:8080"
app.config["SESSION_COOKIE_DOMAIN"] = ".shop.example"
app.secret_key = "subdomains"

admin = Blueprint("admin", __name__, subdomain="admin")
tenant = Blueprint("tenant", __name__, subdomain="<tenant>")
inner = Blueprint("inner", __name__, subdomain="inner")


@app.route("/")
def index():
    return f"main {url_for('admin.index')} {url_for('tenant.index', tenant='x')} {url_for('index')}"


@app.route("/api", subdomain="api")
def api():
    session["api"] = request.host
    return f"api {url_for('index', _external=True)} {url_for('api')} {request.root_url}"


@admin.route("/")
def admin_index():
    return "admin " + url_for(".index") + " " + url_for("admin.index", _scheme="https", _external=True)


admin.add_url_rule("/index", "index", admin_index)


@tenant.route("/")
def index_of(tenant):
    return f"{tenant} {url_for('tenant.index', tenant='other')} {url_for('.index', tenant=tenant)} {request.url}"


tenant.add_url_rule("/index", "index", index_of)


@inner.route("/where")
def where():
    return f"{request.endpoint} {url_for('.where')}"


admin.register_blueprint(inner)
app.register_blueprint(admin)
app.register_blueprint(tenant)
app.register_blueprint(tenant, name="fixed", url_prefix="/fixed", subdomain="fixed", url_defaults={"tenant": "fix"})

SCRIPT = [
    *(
        (f"GET {path}", {"base_url": f"http://{host}"})
        for path, host in [
            ("/", "shop.example:8080"),
            ("/", "admin.shop.example:8080"),
            ("/index", "admin.shop.example:8080"),
            ("/where", "inner.admin.shop.example:8080"),
            ("/", "anna.shop.example:8080"),
            ("/fixed/index", "fixed.shop.example:8080"),
            ("/api", "api.shop.example:8080"),
            ("/api", "shop.example:8080"),
            ("/nothing", "anna.shop.example:8080"),
            ("/", "a.b.shop.example:8080"),
        ]
    ),
    ("GET /", {}),
    ("GET /", {"subdomain": "admin"}),
    ("GET /", {"subdomain": "ben"}),
    ("POST /", {"subdomain": "ben"}),
]
