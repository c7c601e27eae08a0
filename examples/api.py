"""A JSON API: a shelf of books, kept in memory.

    python examples/api.py

    curl 127.0.0.1:5000/books
    curl 127.0.0.1:5000/books --json '{"title": "Middlemarch", "author": "George Eliot", "year": 1871}'
    curl 127.0.0.1:5000/books/1
    curl 127.0.0.1:5000/books/1 --json '{"title": "Silas Marner", "author": "George Eliot"}' -X PUT
    curl 127.0.0.1:5000/books/1 -X DELETE

Whatever goes wrong is told in JSON too:

    {"code": 404, "name": "Not Found", "description": "there is no book 7"}
"""

import itertools
import threading

from nanoweb import App, abort, jsonify, request, url_for
from nanoweb.exceptions import BadRequest, HTTPException

app = App(__name__)
app.config["MAX_CONTENT_LENGTH"] = 16 * 1024  # bytes of a request's body, more is answered 413

books = {}  # number: book
numbers = itertools.count(1)
lock = threading.Lock()  # requests run in threads: held wherever books is changed, or walked through


@app.get("/books")
def list_books():
    """Answer all books, or those of ?author=."""
    author = request.args.get("author")
    with lock:
        return [book for book in books.values() if author is None or book["author"] == author]


@app.post("/books")
def add_book():
    fields = read_book()
    with lock:
        number = next(numbers)
        book = books[number] = {"id": number, **fields}
    return book, 201, {"Location": url_for("get_book", number=number)}


@app.get("/books/<int:number>")
def get_book(number):
    return books.get(number) or abort(404, f"there is no book {number}")


@app.put("/books/<int:number>")
def replace_book(number):
    fields = read_book()
    with lock:
        if number not in books:
            abort(404, f"there is no book {number}")
        book = books[number] = {"id": number, **fields}
    return book


@app.delete("/books/<int:number>")
def remove_book(number):
    with lock:
        if books.pop(number, None) is None:
            abort(404, f"there is no book {number}")
    return "", 204


# What a book is: field, whether it must be there, the test it must pass, and the rule in words.
FIELDS = [
    ("title", True, lambda value: isinstance(value, str) and 0 < len(value) <= 200, "a text of 1 to 200 characters"),
    ("author", True, lambda value: isinstance(value, str) and 0 < len(value) <= 100, "a text of 1 to 100 characters"),
    ("year", False, lambda value: type(value) is int and 0 < value < 10000, "a whole number from 1 to 9999"),
]


class InvalidBook(BadRequest):
    """400, with a reason for each field that is wrong."""

    description = "this is not a book"

    def __init__(self, reasons):
        super().__init__()
        self.reasons = reasons


def read_book():
    """Return the fields of the book in the request's body; raise a 400 or 415 that says why it is none."""
    data = request.get_json()
    if not isinstance(data, dict):
        abort(400, 'a book is a JSON object: {"title": ..., "author": ..., "year": ...}')
    known = [field for field, _, _, _ in FIELDS]
    reasons = {field: f"is not known, a book has {', '.join(known)}" for field in data if field not in known}
    for field, required, passes, rule in FIELDS:
        if field not in data:
            if required:
                reasons[field] = f"is missing, it must be {rule}"
        elif not passes(data[field]):
            reasons[field] = f"must be {rule}"
    if reasons:
        raise InvalidBook(reasons)
    return {field: data.get(field) for field in known}


@app.errorhandler(HTTPException)
def answer_in_json(error):
    answer = {"code": error.code, "name": error.name, "description": error.description}
    if isinstance(error, InvalidBook):
        answer["reasons"] = error.reasons
    response = error.get_response()  # keeps the error's own fields: Allow of a 405, Retry-After of a 429
    response.data = jsonify(answer).data
    response.content_type = "application/json"
    return response


if __name__ == "__main__":
    app.run()
