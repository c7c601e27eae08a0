"""Two programs in one: what differs here must be noticed by those who compare."""

import sys

from flask import Flask

app = Flask(__name__)
side = "nanoweb" if "nanoweb" in sys.modules else "flask"

app.add_url_rule("/same", view_func=lambda: "same")
app.add_url_rule("/body", "body", lambda: f"by {side}")
app.add_url_rule("/field", "field", lambda: ("", {"X-Side": side}))
app.add_url_rule("/status", "status", lambda: ("", 200 + len(side) % 4))
SCRIPT = [(f"GET /{what}", {}) for what in ("same", "body", "field", "status", "nowhere")]
