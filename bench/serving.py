"""Requests a second that a server answers, and what of the processor each of them takes.

    python bench/serving.py                                  all contestants
    python bench/serving.py --only nanoweb,wsgiref,floor     nothing to install but wrk
    python bench/serving.py --cases 32,closing --markdown    some of the tables in docs/

All servers run at once, idle but for the one whose turn it is: wrk asks it for the same thing for a moment, over and
over.  Before that every contestant has to give the right answer.  How to read the figures: bench/README.md.
"""

from __future__ import annotations

import argparse
import compileall
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import served
import servers
import timing

NANOWEB = Path(__file__).resolve().parent.parent / "nanoweb"
FILE_SIZE, BODY_SIZE = 1_000_000, 10_000  # bytes
WORK = 0.0002  # seconds of Python in the view that has something to do

PURE = ["wsgiref", "werkzeug", "waitress", "cheroot", "gunicorn-sync", "gunicorn-gthread"]
COMPILED = ["granian", "uwsgi"]
ALL = ["nanoweb", "nanoweb-base", "nanoweb-2", *PURE, *COMPILED]
WITH_TLS = ["nanoweb", "werkzeug", "cheroot", "gunicorn-sync", "gunicorn-gthread", *COMPILED]
AMONG = [*ALL, "nanoweb-log", "nginx", "floor"]

# What a browser sends, each time a little different: nothing that a server knows from the request before.
VARIED = """
local requests, turn = {}, 0
function init(args)
    for number = 1, 2000 do
        requests[number] = wrk.format("GET", "/?page=" .. number, {
            ["Host"] = "www.example.com",
            ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            ["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            ["Accept-Language"] = "en-US,en;q=0.5",
            ["Accept-Encoding"] = "gzip, deflate, br, zstd",
            ["Cookie"] = "visits=" .. number .. "; session=eyJ1c2VyIjo0Mn0.aSc0Fg." .. 7919 * number,
        })
    end
end
function request()
    turn = turn % #requests + 1
    return requests[turn]
end
"""

REPORT = """
function done(summary, latency)
    local errors = summary.errors
    io.write(string.format('\\nresult {"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "errors": %d}\\n',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


class Case:
    """One kind of load.

    title          what it is called in the tables
    among          the contestants that it is for
    path           what is asked for
    connections    how many clients there are
    script         what wrk shall know more, in Lua
    fields         sent with each request
    tls            whether all that goes through TLS
    """

    def __init__(self, title, among, path="/", connections=32, script="", fields=(), tls=False):
        self.title, self.among, self.path, self.connections = title, among, path, connections
        self.script, self.fields, self.tls = script, dict(fields), tls

    def check(self, server):
        """Have one request answered; end the program unless the answer is what all contestants must give."""
        body = b"x" * BODY_SIZE if self.path == "/post" else None
        status, fields, data = server.ask(self.path, "POST" if body else "GET", body, self.fields)
        kind = "application/octet-stream" if self.path == "/file" else "text/plain"
        expected = {"/post": b"%d bytes" % BODY_SIZE, "/file": make_file()}.get(self.path, served.HELLO)
        right = status == 200 and data == expected and fields["content-length"] == str(len(data))
        if not right or fields["content-type"] != kind:
            sys.exit(f"{server.name} answers {self.path} with {status}, {fields}, {data[:100]!r}")

    def load(self, server, seconds):
        """Have wrk ask for it for some seconds; return what came of it."""
        script = server.folder / "load.lua"
        script.write_text(self.script + REPORT, encoding="utf-8")
        address = f"http{'s' * self.tls}://127.0.0.1:{server.port}{self.path}"
        command = [servers.find_program("wrk"), "--threads=1", f"--connections={self.connections}"]
        command += [f"--duration={max(round(seconds), 1)}s", "--timeout=10s", f"--script={script}"]
        command += [f"--header={name}: {value}" for name, value in self.fields.items()]
        used, used_by_wrk = -server.cpu_seconds(), -children_seconds()
        told = subprocess.run(
            [*command, address], check=False, capture_output=True, encoding="utf-8", timeout=seconds + 60
        )
        used, used_by_wrk = used + server.cpu_seconds(), used_by_wrk + children_seconds()
        line = next((line for line in told.stdout.splitlines() if line.startswith("result ")), None)
        if line is None:
            sys.exit(f"wrk fails: {told.stdout}{told.stderr}")
        result = json.loads(line.partition(" ")[2])
        count = max(result["requests"], 1)
        return {
            "rate": count / result["microseconds"] * 1e6,
            "cpu": used / count * 1e6,
            "p50": result["p50"] / 1000,
            "p99": result["p99"] / 1000,
            "wrk": used_by_wrk / result["microseconds"] * 1e8,
            "errors": result["errors"],
        }


def children_seconds():
    """Return the processor time of all programs that have been run and waited for: the servers still run."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


POST = f'wrk.method, wrk.body = "POST", string.rep("x", {BODY_SIZE})\n'

CASES = {
    "1": Case("1 connection", [*ALL, "floor"], connections=1),
    "32": Case("32 connections", [*ALL, "nanoweb-log", "floor"]),
    "256": Case("256 connections", [*ALL, "floor"], connections=256),
    "closing": Case("a connection each", [*ALL, "floor"], fields={"Connection": "close"}),
    "varied": Case("as browsers ask", ALL, script=VARIED),
    "post": Case("10 kB POST", ALL, path="/post", script=POST),
    "file": Case("1 MB file", [*ALL, "nginx"], path="/file"),
    "work": Case("200 µs view", ["nanoweb", "nanoweb-2", "gunicorn-gthread", "granian"], path="/work"),
    "tls": Case("TLS", WITH_TLS, tls=True),
    "tls-closing": Case("TLS, a connection each", WITH_TLS, fields={"Connection": "close"}, tls=True),
}

METRICS = {
    "rate": ("requests a second", max, lambda value: f"{value:,.0f}"),
    "cpu": ("microseconds of processor time a request, of all processes", min, lambda value: f"{value:.0f} µs"),
    "p50": ("half of the requests are answered within", min, lambda value: f"{value:.1f} ms"),
    "p99": ("99 of 100 are answered within", min, lambda value: f"{value:.1f} ms"),
    "wrk": (
        "of a core that wrk took itself: near 100 % it was wrk that could do no more",
        max,
        lambda value: f"{value:.0f} %",
    ),
    "errors": ("broken connections and wrong answers, in all turns", None, str),
}


def measure(case, running, rounds, seconds):
    """Return {contestant: [what came of each of its turns]}."""
    turns = {server.name: [] for server in running}
    for server in running:
        case.check(server)
        if rounds:
            case.load(server, 1)  # warm
    for _ in range(rounds):
        for server in running:
            turns[server.name].append(case.load(server, seconds))
    return turns


def summarize(turns):
    """Return {metric: value} of a contestant: of each metric the best of its turns, of errors the sum."""
    return {metric: (best or sum)(turn[metric] for turn in turns) for metric, (_, best, _) in METRICS.items()}


def make_file():
    return bytes(range(250)) * (FILE_SIZE // 250)


def make_files(folder, needs_key):
    """Write what the servers send and read."""
    Path(folder, "file.bin").write_bytes(make_file())
    if needs_key:
        certificate, key = served.key_pair(folder)
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost"
        subprocess.run([*command.split(), "-out", certificate, "-keyout", key], capture_output=True, check=True)


def count_iterations(seconds):
    """Return how many iterations of the view's work take so many seconds."""
    best = float("inf")
    for _ in range(20):
        start = time.perf_counter()
        served.work(range(10_000))
        best = min(best, time.perf_counter() - start)
    return round(10_000 * seconds / best)


def measure_all(names, cases, rounds, seconds):
    """Return the results, {case: {contestant: [{metric: value} of each turn]}}, and {contestant: megabytes}."""
    results, memory = {}, {}
    work = count_iterations(WORK)
    compileall.compile_dir(NANOWEB, quiet=2)  # as it is when installed: what the compiler needed stays in the process
    folder = tempfile.mkdtemp(prefix="nanoweb-bench-")
    try:
        make_files(folder, any(CASES[case].tls for case in cases))
        for tls in (False, True):
            chosen = [case for case in cases if CASES[case].tls == tls]
            with ExitStack() as stack:
                running = {}
                for name in names:
                    if any(name in CASES[case].among for case in chosen):
                        running[name] = stack.enter_context(servers.Server(name, folder, tls, work))
                for case in chosen:
                    among = [server for name, server in running.items() if name in CASES[case].among]
                    if among:
                        results[case] = measure(CASES[case], among, rounds, seconds)
                if not tls:
                    memory = {name: server.memory() for name, server in running.items()}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return results, memory


# What the documentation promises


def ratio(results, case, name, other):
    """Return how many times the other's rate a contestant's is; None if one of them was not measured.

    What disturbs the machine for longer than a turn disturbs both: so each turn is compared with the other's in the
    same round, and the median of that counts.
    """
    turns, others = (results.get(case, {}).get(contestant) for contestant in (name, other))
    if not turns or not others:
        return None
    return statistics.median(turn["rate"] / before["rate"] for turn, before in zip(turns, others))


# case, who, beside whom, at least so many times the rate
PROMISES = [
    *((case, "nanoweb", peer, 3) for case in ("32", "256") for peer in PURE),
    *((case, "nanoweb", "floor", 0.25) for case in ("32", "256")),
    *((case, "nanoweb", "granian", 1) for case in ("32", "256")),
    *((case, "nanoweb", peer, 1) for case in ("1", "closing") for peer in PURE),
    ("work", "nanoweb-2", "nanoweb", 1.6),
    ("file", "nanoweb", "nginx", 0.5),
    ("32", "nanoweb-log", "nanoweb", 0.8),  # on, it takes 1.25 times as long
]
MORE_MEMORY = 5  # megabytes that nanoweb may hold more than wsgiref


def check_promises(results, memory):
    """Return [(whether it is kept, what was found)], for each promise that this run can tell about."""
    found = []
    for case, name, peer, least in PROMISES:
        times = ratio(results, case, name, peer)
        if times is not None:
            told = f"{CASES[case].title}: {name} has {times:.2f} times the rate of {peer}, and shall have {least}"
            found.append((times >= least, told))
    if "nanoweb" in memory and "wsgiref" in memory:
        more = memory["nanoweb"] - memory["wsgiref"]
        found.append((more <= MORE_MEMORY, f"nanoweb holds {more:.1f} MB more than wsgiref, of {MORE_MEMORY} it may"))
    for case, result in results.items():
        for name, turns in result.items():
            errors = sum(turn["errors"] for turn in turns)
            if name.startswith("nanoweb") and errors:
                found.append((False, f"{CASES[case].title}: {name} broke {errors} times"))
    return found


# The tables


def show(results, memory, names, form):
    results = {
        case: {name: summarize(turns) for name, turns in result.items() if turns} for case, result in results.items()
    }
    for metric, (title, best, write) in METRICS.items():
        if best is None and not any(result[name]["errors"] for result in results.values() for name in result):
            continue
        print(f"{title}\n")
        header = ["", *(CASES[case].title for case in results)]
        rows = [[name, *(cell(results[case], name, metric, write) for case in results)] for name in names]
        timing.show_table(header, rows, form)
        print()
    print("megabytes resident after all that, of all processes\n")
    timing.show_table(["", "MB"], [[name, f"{memory[name]:.1f}"] for name in names if name in memory], form)


def cell(result, name, metric, write):
    """Return what stands in the table: the value, and its ratio to the first contestant's."""
    if name not in result:
        return ""
    text, first = write(result[name][metric]), next(iter(result.values()))[metric]
    if metric in ("rate", "cpu") and first:
        text += f" {result[name][metric] / first:5.2f}\N{MULTIPLICATION SIGN}"
    return text


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", metavar="NAMES", help=f"some of {','.join(AMONG)}; ratios are to the first")
    parser.add_argument("--without", metavar="NAMES", help="all but these")
    parser.add_argument("--cases", metavar="CASES", help=f"some of {','.join(CASES)}")
    parser.add_argument("--rounds", type=int, default=5, help="turns for each (5); 0 checks the answers only")
    parser.add_argument("--seconds", type=int, default=1, help="seconds of a turn (1)")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a promise of the docs is not kept")
    timing.add_output_options(parser)
    options = parser.parse_args()
    options.names = servers.choose(options.only, options.without, AMONG)
    options.cases = options.cases.split(",") if options.cases else list(CASES)
    unknown = [case for case in options.cases if case not in CASES]
    if unknown:
        sys.exit(f"no case {unknown[0]!r}; there are {', '.join(CASES)}")
    return options


def main():
    options = parse_options()
    results, memory = measure_all(options.names, options.cases, options.rounds, options.seconds)
    promises = check_promises(results, memory)
    versions = list(dict.fromkeys(servers.version(name) for name in options.names))
    if not options.rounds:
        print(f"{len(options.names)} servers give the right answers")
    elif options.form == "json":
        machine = {"machine": timing.machine(), "versions": versions}
        timing.show_json({**machine, "results": results, "megabytes": memory, "promises": promises})
    else:
        show(results, memory, options.names, options.form)
        print(f"\n{', '.join(versions)}\n{timing.machine()}\n")
        for is_kept, told in promises:
            print("kept   " if is_kept else "BROKEN ", told)
    if options.check:
        sys.exit(0 if promises and all(is_kept for is_kept, _ in promises) else 1)


if __name__ == "__main__":
    main()
