"""Milliseconds of reading a form: what a body costs, whatever is in it.

    python bench/forms.py                              all contestants, files of 100 MB: a minute, 1.2 GB of memory
    python bench/forms.py --only nanoweb,bare          nothing to install
    python bench/forms.py --size 10 --rounds 3         files of 10 MB, for a first look
    python bench/forms.py --markdown                   the table in docs/

An iteration does what a request does that uploads something: the body is read from wsgi.input, the form is
taken apart, its files are closed.  "bare" reads a body and writes it to a temporary file, as any parser has
to, and looks for nothing in it: what is above it is what the parser costs.  Before any time is taken, every
contestant has to find in each body what was put there.  Files hold random bytes, which are like those of
pictures, films and archives; or what a parser has to look at twice: line breaks alone, and boundaries that
almost are one.  How to read the figures: bench/README.md.
"""

from __future__ import annotations

import argparse
import gc
import io
import random
import subprocess
import sys
import tempfile
from itertools import chain, repeat
from urllib.parse import urlencode

import contestants
import timing

# Parsers alone: Werkzeug is that of Flask.
contestants.PACKAGES["werkzeug"] = ("werkzeug", "markupsafe")
contestants.INSTALL["werkzeug"] = "python -m pip install werkzeug==3.1.9"

MB = 1_000_000
BLOCK = 256 * 1024  # bytes that are read at a time

RANDOM = random.Random(1)

# As Chrome makes them.
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
BOUNDARY = b"----WebKitFormBoundary" + "".join(RANDOM.choices(LETTERS, k=16)).encode()

MULTIPART = "multipart/form-data; boundary=" + BOUNDARY.decode()
URLENCODED = "application/x-www-form-urlencoded"

SENTENCE = (
    "It was the best of times, it was the worst of times (so they say); the year was 1775, in \u201cGaul\u201d.\r\n"
)


# What is sent


def make_part(disposition, data):
    return b"--%s\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (BOUNDARY, disposition, data)


def make_body(*parts):
    return b"".join([*parts, b"--%s--\r\n" % BOUNDARY])


def make_upload(data):
    """Return a body with a file of that content, which must not have a boundary in it."""
    return make_body(make_part(b'name="file"; filename="file.bin"', data))


def make_fields():
    return make_body(*[make_part(b'name="%s"' % name.encode(), value.encode()) for name, value in FIELDS])


def random_bytes(size):
    return RANDOM.getrandbits(8 * size).to_bytes(size, "big")


def repeat_to(size, piece):
    return piece * (size // len(piece))


# What is in a file of a size, by what is special about it.
FILES = {
    "a file": random_bytes,
    "CR alone": lambda size: repeat_to(size, b"\r"),
    "CR LF alone": lambda size: repeat_to(size, b"\r\n"),
    "almost a boundary": lambda size: repeat_to(size, b"\r\n--" + BOUNDARY[:-1] + b"!"),
    "almost a boundary line": lambda size: repeat_to(size, b"\r\n--" + BOUNDARY + b"!"),
}

FIELDS = [(f"field{number}", f"value {number}!") for number in range(10_000)]
PAIRS = [(f"field{number}", f"Hello, world {number}!") for number in range(25_000)]
TEXT = [("title", "A tale"), ("text", SENTENCE * 6_500)]


# case: Content-Type, the body, the fields in it.
FORMS = {
    "10,000 fields": lambda: (MULTIPART, make_fields(), FIELDS),
    "urlencoded, 25,000 fields": lambda: (URLENCODED, urlencode(PAIRS).encode(), PAIRS),
    "urlencoded, one text": lambda: (URLENCODED, urlencode(TEXT).encode(), TEXT),
}


# The contestants: each a function that parses the body of an environ, (fields, files) or None


def build_nanoweb():
    from nanoweb.formparser import parse_form_data

    return make_parse(parse_form_data)


def build_werkzeug():
    from werkzeug.formparser import parse_form_data

    return make_parse(parse_form_data)


def make_parse(parse_form_data):
    def parse(environ):
        _, form, files = parse_form_data(environ, silent=False)
        return form, files

    return parse


def build_bare():
    def copy(environ):
        body = environ["wsgi.input"]
        with tempfile.TemporaryFile() as file:
            while True:
                block = body.read(BLOCK)
                if not block:
                    break
                file.write(block)

    return copy


BUILD = {"nanoweb": build_nanoweb, "werkzeug": build_werkzeug, "bare": build_bare}


# The measuring


def make_environ(content_type, stream, size):
    return {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(size),
        "wsgi.input": stream,
    }


def make_run(parse, content_type, body):
    """Return a function that has the body parsed a number of times."""

    def run(number):
        for _ in repeat(None, number):
            found = parse(make_environ(content_type, io.BytesIO(body), len(body)))
            if found is not None:
                for file in found[1].values():
                    file.close()

    return run


def check(name, case, parse, content_type, body, fields, content):
    """End the program unless a contestant finds in a body the fields, and the content of the one file, if any."""
    found = parse(make_environ(content_type, io.BytesIO(body), len(body)))
    if found is None:
        return
    form, files = found
    right = list(form.items(multi=True)) == fields and len(files) == (content is not None)
    if content is not None and right:
        file = files["file"]
        blocks = (content[start : start + BLOCK] for start in range(0, len(content), BLOCK))
        right = all(file.read(len(block)) == block for block in blocks) and not file.read(1)
        file.close()
    if not right:
        sys.exit(f"{name} does not find in {case!r} what was put there")


def measure(parsers, case, content_type, body, fields, content, options):
    runs = {}
    for name, parse in parsers.items():
        if content is not None or name != "bare":  # there is nothing that a small form must be copied to
            check(name, case, parse, content_type, body, fields, content)
            runs[name] = make_run(parse, content_type, body)
    return timing.summarize(timing.take_turns(runs, options.rounds, options.duration), unit=1e-3)


def measure_all(parsers, options):
    """Return the times of each contestant by case, and those of nanoweb by size of the file."""
    results, growth = {}, {}
    for case, make in FORMS.items():
        content_type, body, fields = make()
        results[case] = measure(parsers, case, content_type, body, fields, None, options)
    for case, make in FILES.items():
        content = make(options.size * MB)
        results[case] = measure(parsers, case, MULTIPART, make_upload(content), [], content, options)
        del content
        if "nanoweb" in parsers:
            bodies = {f"{size} MB": make_upload(make(size * MB)) for size in (options.size, 2 * options.size)}
            runs = {size: make_run(parsers["nanoweb"], MULTIPART, body) for size, body in bodies.items()}
            growth[case] = timing.summarize(timing.take_turns(runs, options.rounds, options.duration), unit=1e-3)
        gc.collect()
    return results, growth


# Memory: of a process of its own, for a body that nobody holds


class Upload:
    """A body with a file in it, which is random and made up while it is read."""

    def __init__(self, size):
        self.block = random_bytes(BLOCK)
        begin, end = make_upload(b"|").split(b"|")
        blocks = size // BLOCK
        self.pieces = chain([begin], repeat(self.block, blocks), [end])
        self.size = len(begin) + blocks * BLOCK + len(end)
        self.rest = b""

    def read(self, size):
        if not self.rest:
            self.rest = next(self.pieces, b"")
        data, self.rest = self.rest[:size], self.rest[size:]
        return data


def memory_figure(which):
    """Return a figure of this process's memory, in MB; None where the system does not tell."""
    try:
        with open("/proc/self/status", encoding="utf-8") as file:
            lines = dict(line.split(":", 1) for line in file)
    except OSError:
        return None
    return int(lines[which].split()[0]) * 1024 / MB


def print_memory(name, size):
    """Parse a file of so many MB; print by how many MB the process grew at most."""
    parse = BUILD[name]()
    upload = Upload(size * MB)
    start = memory_figure("VmRSS")
    found = parse(make_environ(MULTIPART, upload, upload.size))
    if found is not None:
        found[1]["file"].close()
    if start is not None:
        print(round(memory_figure("VmHWM") - start, 1))


def measure_memory(names, size):
    """Return {name: MB}, without those that cannot tell."""
    memory = {}
    for name in names:
        command = [sys.executable, __file__, "--only", name, "--size", str(size), "--memory"]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        if output:
            memory[name] = float(output)
    return memory


# The promises

# How many times as long as nanoweb Werkzeug has to take, at least.  A file must be read and written by both: what
# counts there is what each of them adds to that.
PROMISED = {**dict.fromkeys([*FORMS, *FILES], 2), "almost a boundary": 1.4}


def broken_budgets(results, growth, memory):
    """Return a sentence for each promise that this run did not keep."""
    broken = []
    for case, result in results.items():
        if "nanoweb" in result and "werkzeug" in result and ("bare" in result or case in FORMS):
            times = {name: times["best"] for name, times in result.items()}
            bare = times.get("bare", 0)
            ratio = (times["werkzeug"] - bare) / (times["nanoweb"] - bare)
            if ratio < PROMISED[case]:
                broken.append(f"{case}: Werkzeug takes {ratio:.2f} times as long, not {PROMISED[case]}")
    for case, sizes in growth.items():
        size, times = list(sizes.items())[-1]
        if times["ratio"] > 2.2:
            broken.append(f"{case}: {size} take {times['ratio']:.2f} times as long as half of it, not 2.2")
    if memory.get("nanoweb", 0) > 20:
        broken.append(f"a file takes {memory['nanoweb']} MB of memory, not 20")
    return broken


def show_time(times):
    if times is None:
        return "\N{EN DASH}"
    return f"{times['best']:.1f} ms {times['ratio']:6.2f}\N{MULTIPLICATION SIGN}"


def show(results, growth, memory, names, options):
    rows = [[case, *(show_time(result.get(name)) for name in names)] for case, result in results.items()]
    rows.append(
        [f"memory for {options.size} MB", *(f"{memory[name]} MB" if name in memory else "?" for name in names)]
    )
    timing.show_table([f"files of {options.size} MB", *names], rows, options.form)
    if growth:
        print()
        sizes = list(next(iter(growth.values())))
        rows = [[case, *map(show_time, times.values())] for case, times in growth.items()]
        timing.show_table(["nanoweb", *sizes], rows, options.form)
    print(f"\n{', '.join(contestants.version(name) for name in names)}\n{timing.machine()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", metavar="NAMES", help=f"some of {','.join(BUILD)}; ratios are to the first")
    parser.add_argument("--size", metavar="MB", type=int, default=100, help="size of a file (100)")
    parser.add_argument("--rounds", type=int, default=10, help="turns for each contestant (10)")
    parser.add_argument("--duration", type=float, default=0.02, help="seconds of a turn, at least one parse (0.02)")
    parser.add_argument(
        "--check", action="store_true", help="exit with 1 if a promise of the documentation is not kept"
    )
    parser.add_argument("--memory", action="store_true", help=argparse.SUPPRESS)
    timing.add_output_options(parser)
    options = parser.parse_args()

    names = contestants.choose(options.only, among=BUILD)
    if options.memory:
        return print_memory(names[0], options.size)
    memory = measure_memory(names, options.size)
    results, growth = measure_all({name: BUILD[name]() for name in names}, options)
    if options.form == "json":
        versions = [contestants.version(name) for name in names]
        answer = {"machine": timing.machine(), "versions": versions, "size": options.size, "memory": memory}
        timing.show_json({**answer, "milliseconds": results, "growth": growth})
    else:
        show(results, growth, memory, names, options)
    if options.check:
        sys.exit("\n".join(broken_budgets(results, growth, memory)) or 0)


if __name__ == "__main__":
    main()
