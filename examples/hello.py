"""Run it with `python examples/hello.py`, then open http://127.0.0.1:5000/ in a browser."""

from nanoweb import App

app = App(__name__)


@app.route("/")
def hello():
    return "<p>Hello, World!</p>"


if __name__ == "__main__":
    app.run()
