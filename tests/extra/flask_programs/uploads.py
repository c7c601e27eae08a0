"""A site for uploads: files in forms, limits, and files sent whole, in ranges and under conditions."""

import io
import os

from flask import Flask, abort, current_app, request, send_file, send_from_directory, url_for
from markupsafe import escape
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.security import safe_join
from werkzeug.utils import secure_filename

app = Flask(__name__)
app.logger.disabled = True
app.config.update(UPLOAD_FOLDER=os.getcwd(), MAX_CONTENT_LENGTH=4000, MAX_FORM_MEMORY_SIZE=500, MAX_FORM_PARTS=5)
ALLOWED = {"txt", "png", "html"}

for name, text in {"hello.txt": b"hello world\n" * 9, "page.html": b"<p>page", "data.bin": bytes(range(256))}.items():
    with open(name, "wb") as file:
        file.write(text)
    os.utime(name, (1_600_000_000, 1_600_000_000))
os.makedirs("sub", exist_ok=True)
with open("sub/ünï.txt", "w", encoding="utf-8") as file:
    file.write("ü")
os.utime("sub/ünï.txt", (1_600_000_001, 1_600_000_001))


@app.errorhandler(413)
def too_large(error):
    assert isinstance(error, RequestEntityTooLarge)
    return "too large", 413


@app.route("/", methods=["GET", "POST"])
def upload():
    if request.method == "GET":
        action = escape(url_for("upload"))
        return f'<form method=post enctype=multipart/form-data action="{action}"><input type=file name=file></form>'
    if "file" not in request.files:
        return "no file part", 400
    lines = []
    for file in request.files.getlist("file"):
        assert isinstance(file, FileStorage)
        name = secure_filename(file.filename)
        if "." not in name or name.rsplit(".", 1)[1].lower() not in ALLOWED:
            lines.append(f"{file.filename!r} ({name!r}) is not allowed")
            continue
        path = os.path.join(current_app.config["UPLOAD_FOLDER"], name)
        file.save(path)
        os.utime(path, (1_600_000_002, 1_600_000_002))
        lines.append(f"{name} {file.mimetype} {file.content_type} {os.path.getsize(path)} {file.name} {bool(file)}")
    lines.append(repr(sorted(request.form.items(multi=True))))
    return "\n".join(lines), {"Content-Type": "text/plain"}


@app.post("/describe")
def describe():
    return {
        "files": [
            [key, one.filename, one.content_type, one.mimetype_params, one.read().decode("latin-1"), len(one.headers)]
            for key, one in request.files.items(multi=True)
        ],
        "form": list(request.form.items(multi=True)),
        "values": sorted(request.values.items(multi=True)),
        "missing": str(request.files.get("missing")),
    }


@app.post("/unlimited")
def unlimited():
    request.max_content_length = 10_000
    request.max_form_memory_size = 9_000
    request.max_form_parts = 20
    return f"{len(request.form)} {sum(map(len, request.form.values()))} {len(request.get_data())}"


@app.post("/small")
def small():
    request.max_content_length = 5
    return request.get_data()


@app.post("/missing-file")
def missing_file():
    return request.files["nothing"].filename


@app.get("/files/<path:name>")
def files(name):
    return send_from_directory(app.config["UPLOAD_FOLDER"], name)


@app.get("/download/<path:name>")
def download(name):
    return send_from_directory(".", name, as_attachment=True, download_name=request.args.get("as"), max_age=60)


@app.get("/joined/<path:name>")
def joined(name):
    path = safe_join(app.config["UPLOAD_FOLDER"], name)
    return abort(404) if path is None else str(os.path.exists(path))


@app.get("/memory")
def memory():
    return send_file(io.BytesIO(b"0123456789" * 10), mimetype="text/plain", etag="tag", last_modified=1_500_000_000)


@app.get("/memory/bare")
def bare():
    return send_file(io.BytesIO(b"bare"), download_name="bare.txt", conditional=False)


@app.get("/memory/untyped")
def untyped():
    return send_file(io.BytesIO(b"bare"))


@app.get("/path")
def path():
    return send_file(os.path.abspath("data.bin"), etag=False, max_age=lambda path: len(os.path.basename(path)))


@app.get("/attachment/<name>")
def attachment(name):
    return send_file(io.BytesIO(b"x"), as_attachment=True, download_name=name)


def part(name, text=b"text", kind="text/plain"):
    return (text, name, kind)


SCRIPT = [
    ("GET /", {}),
    ("POST /", {"data": {"file": part("a.txt"), "note": "ü"}}),
    ("POST /", {"data": {"file": [part("../../B c.html", b"<p>"), part("evil.exe"), part("noextension")]}}),
    ("POST /", {"data": {"file": part("ünïcode.png", b"\x89PNG", "image/png")}}),
    ("POST /", {"data": {"other": part("a.txt")}}),
    ("POST /", {"data": {"file": "just text"}}),
    ("POST /", {"data": {"file": part("big.txt", b"x" * 4000)}}),
    ("POST /", {"data": {"file": part("notbig.txt", b"x" * 1500), "a": "b" * 400}}),
    ("POST /", {"data": {"file": part("f.txt"), "a": "b" * 501}}),
    ("POST /", {"data": {"file": [part(f"{number}.txt") for number in range(6)]}}),
    (
        "POST /describe",
        {"data": {"f": part("quo;te.txt", b"\x00\xff", "text/plain; charset=latin-1"), "x": ["1", "2"]}},
    ),
    ("POST /describe?x=0&y=%FC", {"data": {"f": part("", b""), "z": ""}}),
    ("POST /describe", {"data": b"a=1&b=%C3%BC&a=2", "content_type": "application/x-www-form-urlencoded"}),
    ("POST /describe", {"data": b"a=1", "content_type": "text/plain"}),
    ("POST /describe", {"data": b"a=1", "content_type": "multipart/form-data"}),
    (
        "POST /describe",
        {
            "data": b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
            b'--b\r\nContent-Disposition: form-data; name=f; filename="x.txt"\r\n'
            b"Content-Type: text/x; a=b\r\nX-More: 1\r\n\r\n2\r\n\r\n--b--\r\n",
            "content_type": 'multipart/form-data; boundary="b"',
        },
    ),
    ("POST /unlimited", {"data": {str(number): "x" * 300 for number in range(15)}}),
    ("POST /unlimited", {"data": {"a": "x" * 10_000}}),
    ("POST /small", {"data": b"12345"}),
    ("POST /small", {"data": b"123456"}),
    ("POST /missing-file", {"data": {"a": "b"}}),
    ("GET /files/hello.txt", {}),
    ("HEAD /files/hello.txt", {}),
    ("GET /files/hello.txt", {"headers": {"If-None-Match": "{ETag}"}}),
    ("GET /files/hello.txt", {"headers": {"If-None-Match": '"other", {ETag}'}}),
    ("GET /files/hello.txt", {"headers": {"If-None-Match": '"other"'}}),
    ("GET /files/hello.txt", {"headers": {"If-None-Match": "*"}}),
    ("GET /files/hello.txt", {"headers": {"If-Modified-Since": "Sun, 13 Sep 2020 12:26:40 GMT"}}),
    ("GET /files/hello.txt", {"headers": {"If-Modified-Since": "Sun, 13 Sep 2020 12:26:39 GMT"}}),
    ("GET /files/hello.txt", {"headers": {"Range": "bytes=0-4"}}),
    ("GET /files/hello.txt", {"headers": {"Range": "bytes=-5"}}),
    ("GET /files/hello.txt", {"headers": {"Range": "bytes=100-"}}),
    ("GET /files/hello.txt", {"headers": {"Range": "bytes=5-4000"}}),
    ("GET /files/hello.txt", {"headers": {"Range": "bytes=108-"}}),
    ("HEAD /files/hello.txt", {"headers": {"Range": "bytes=0-4"}}),
    ("GET /files/hello.txt", {}),
    ("GET /files/hello.txt", {"headers": {"Range": "bytes=0-4", "If-Range": "{ETag}"}}),
    ("GET /files/hello.txt", {"headers": {"Range": "bytes=0-4", "If-Range": '"other"'}}),
    ("GET /files/hello.txt", {"headers": {"Range": "bytes=0-4", "If-Range": "Sun, 13 Sep 2020 12:26:40 GMT"}}),
    ("GET /files/data.bin", {"headers": {"Range": "bytes=250-255"}}),
    ("GET /files/page.html", {}),
    ("GET /files/sub/%C3%BCn%C3%AF.txt", {}),
    ("GET /files/nothing.txt", {}),
    ("GET /files/sub", {}),
    ("GET /files/../uploads.py", {}),
    ("GET /files/..%2Fuploads.py", {}),
    ("GET /files//etc/passwd", {}),
    ("GET /download/hello.txt", {}),
    ("GET /download/hello.txt?as=other.pdf", {}),
    ("GET /download/sub/%C3%BCn%C3%AF.txt", {}),
    ("GET /joined/hello.txt", {}),
    ("GET /joined/a/../../b", {}),
    ("GET /joined/sub/../hello.txt", {}),
    ("GET /memory", {}),
    ("GET /memory", {"headers": {"Range": "bytes=5-14"}}),
    ("GET /memory", {"headers": {"If-None-Match": '"tag"'}}),
    ("GET /memory", {"headers": {"If-None-Match": 'W/"tag"'}}),
    ("GET /memory/bare", {}),
    ("GET /memory/untyped", {"fails": True}),
    ("GET /path", {}),
    *(
        (f"GET /attachment/{name}", {})
        for name in ("a.txt", "a b.txt", 'q".txt', "%C3%BC.zip", "%E2%98%83", "a.tar.gz")
    ),
]
