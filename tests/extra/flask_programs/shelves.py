"""Views as classes: REST with MethodView, View with decorators, inheritance, state and options."""

from functools import wraps

from flask import Flask, abort, jsonify, request, url_for
from flask.views import MethodView, View

app = Flask(__name__)
app.logger.disabled = True
books = {1: {"title": "One"}, 2: {"title": "Two"}}


def noted(word):
    def decorate(view):
        @wraps(view)
        def wrapper(*args, **kwargs):
            response = app.make_response(view(*args, **kwargs))
            response.headers.add("X-Noted", word)
            return response

        return wrapper

    return decorate


class ItemAPI(MethodView):
    init_every_request = False
    decorators = [noted("first"), noted("second")]

    def __init__(self, shelf):
        self.shelf = shelf
        self.seen = 0

    def find(self, number):
        if number not in self.shelf:
            abort(404, f"There is no {number}.")
        return self.shelf[number]

    def get(self, number):
        self.seen += 1
        return {**self.find(number), "seen": self.seen, "url": url_for("item", number=number)}

    def patch(self, number):
        self.find(number).update(request.json)
        return self.find(number)

    def delete(self, number):
        self.find(number)
        del self.shelf[number]
        return "", 204


class GroupAPI(MethodView):
    def __init__(self, shelf):
        self.shelf = shelf

    def get(self):
        return jsonify([book["title"] for book in self.shelf.values()])

    def post(self):
        number = max(self.shelf, default=0) + 1
        self.shelf[number] = request.get_json()
        return jsonify(number), 201, {"Location": url_for("item", number=number)}


class WithHead(MethodView):
    def get(self):
        return "get"

    def head(self):
        return "", 200, {"X-Head": "own"}

    def options(self):
        return "own options"


class Inherited(WithHead):
    def put(self):
        return "put"


class Narrow(Inherited):
    methods = ["GET"]


class Silent(MethodView):
    provide_automatic_options = False

    def get(self):
        return "silent"


class Listing(View):
    methods = ["GET", "POST"]
    init_every_request = True

    def __init__(self, kind, size=10):
        self.kind = kind
        self.size = size
        self.calls = 0

    def dispatch_request(self, page=1):
        self.calls += 1
        return f"{request.method} {self.kind} {page} {self.size} {self.calls}"


class Bare(View):
    def dispatch_request(self):
        return "bare"


class Nothing(View):
    pass


app.add_url_rule("/books/<int:number>", view_func=ItemAPI.as_view("item", books))
app.add_url_rule("/books/", view_func=GroupAPI.as_view("group", shelf=books))
for number, cls in enumerate((WithHead, Inherited, Narrow, Silent)):
    app.add_url_rule(f"/more/{number}", view_func=cls.as_view(f"more{number}"))
listing = Listing.as_view("listing", "users", size=3)
app.add_url_rule("/users", view_func=listing, defaults={"page": 1})
app.add_url_rule("/users/page/<int:page>", view_func=listing)
app.add_url_rule("/bare", view_func=Bare.as_view("bare"))
app.add_url_rule("/only-put", view_func=Bare.as_view("put"), methods=["PUT"])
app.add_url_rule("/nothing", view_func=Nothing.as_view("nothing"))
app.add_url_rule("/no-options", "no_options", lambda: "x", provide_automatic_options=False)


@app.get("/about")
def about():
    view = app.view_functions["item"]
    return {
        "name": view.__name__,
        "module": view.__module__ == __name__,
        "class": view.view_class.__name__,
        "methods": [sorted(cls.methods or ()) for cls in (ItemAPI, GroupAPI, WithHead, Inherited, Narrow, Bare)],
    }


@app.put("/verbs")
@app.patch("/verbs")
@app.delete("/verbs")
@app.post("/verbs")
@app.get("/verbs")
def verbs():
    return request.method


SCRIPT = [
    ("GET /books/", {}),
    ("POST /books/", {"json": {"title": "Three"}}),
    ("GET /books/3", {}),
    ("GET /books/3", {}),
    ("HEAD /books/3", {}),
    ("PATCH /books/3", {"json": {"year": 3}}),
    ("PATCH /books/3", {"data": "no"}),
    ("DELETE /books/3", {}),
    ("DELETE /books/3", {}),
    ("PUT /books/1", {}),
    ("OPTIONS /books/1", {}),
    ("OPTIONS /books/", {}),
    *(
        (f"{method} /more/{number}", {})
        for number in range(4)
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "POST")
    ),
    ("GET /users", {}),
    ("POST /users", {}),
    ("GET /users/page/1", {}),
    ("GET /users/page/2", {}),
    ("PUT /users/page/2", {}),
    ("GET /bare", {}),
    ("POST /bare", {}),
    ("GET /only-put", {}),
    ("PUT /only-put", {}),
    ("GET /nothing", {"fails": True}),
    ("OPTIONS /no-options", {}),
    ("GET /about", {}),
    *((f"{method} /verbs", {}) for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")),
]
