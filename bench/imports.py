"""Milliseconds that an import adds to the start of Python, and the modules that it loads.

    python bench/imports.py
    python bench/imports.py --only nanoweb           nothing to install

Each import is made by a new process, and the contestants take turns; the time is what it takes more than the
process of the same round that imports nothing, in the median.  Twice: in plain Python, and with -I -S, which
leaves out the site module and whatever it loads, so that nothing is paid for by somebody else.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import contestants
import timing

AMONG = [name for name, packages in contestants.PACKAGES.items() if packages]
MODES = {"python": [], "python -I -S": ["-I", "-S"]}
BUDGET = 20  # milliseconds that `import nanoweb` may take
HEAVY = ["http.server", "argparse", "inspect", "dataclasses", "email", "ssl", "socketserver", "typing", "logging"]

# Finding a package is part of importing it, so the search path is the same for all, bare Python too.
PRELUDE = "import sys; sys.path[:0] = {folders!r}; loaded = set(sys.modules); "
REPORT = "; new = sorted(set(sys.modules) - loaded); import json; print(json.dumps(new))"


def folders(names):
    """Return the folders in which the packages of these contestants are found."""
    found = {}
    for name in names:
        for package in contestants.PACKAGES[name]:
            spec = importlib.util.find_spec(package)
            found[str(Path(spec.origin).parents[1 if spec.submodule_search_locations else 0])] = True
    return list(found)


def python(flags, source):
    """Run a line of Python in a process of its own and return what it prints."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [sys.executable, *flags, "-c", source], env=environ, check=True, stdout=subprocess.PIPE
    ).stdout


def measure(names, flags, rounds):
    """Return the median milliseconds over bare Python of each import."""
    prelude = PRELUDE.format(folders=folders(names))
    sources = {"": prelude + "pass", **{name: prelude + f"import {name}" for name in names}}
    seconds = {name: [] for name in sources}
    for round_ in range(rounds + 1):
        for name, source in sources.items():
            start = time.perf_counter()
            python(flags, source)
            if round_:  # the first one may have to compile
                seconds[name].append(time.perf_counter() - start)
    bare, *imports = seconds.values()
    return {
        name: round(statistics.median(taken - nothing for taken, nothing in zip(times, bare)) * 1000, 1)
        for name, times in zip(names, imports)
    }


def loaded_modules(names, flags):
    prelude = PRELUDE.format(folders=folders(names))
    return {name: json.loads(python(flags, f"{prelude}import {name}{REPORT}")) for name in names}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", metavar="NAMES", help=f"some of {','.join(AMONG)}; ratios are to the first")
    parser.add_argument("--rounds", type=int, default=15, help="turns for each contestant (15)")
    parser.add_argument("--check", action="store_true", help=f"exit with 1 if nanoweb takes over {BUDGET} ms")
    timing.add_output_options(parser)
    options = parser.parse_args()

    names = contestants.choose(options.only, AMONG)
    times = {mode: measure(names, flags, options.rounds) for mode, flags in MODES.items()}
    modules = loaded_modules(names, MODES["python -I -S"])
    versions = [contestants.version(name) for name in names]
    heavy = [module for module in HEAVY if module in modules.get("nanoweb", ())]

    if options.form == "json":
        result = {"milliseconds": times, "modules": modules}
        timing.show_json({"machine": timing.machine(), "versions": versions, **result})
    else:
        rows = []
        for mode, result in times.items():
            first = max(result[names[0]], 0.1)  # what is measured may be nothing
            cells = (f"{value:.1f} ms {value / first:6.2f}\N{MULTIPLICATION SIGN}" for value in result.values())
            rows.append([mode, *cells])
        rows.append(["modules loaded", *(str(len(modules[name])) for name in names)])
        own = [sum(module.split(".")[0] in contestants.PACKAGES[name] for module in modules[name]) for name in names]
        rows.append(["of its own", *map(str, own)])
        timing.show_table(["", *names], rows, options.form)
        print(f"\n{', '.join(versions)}\n{timing.machine()}")
        if "nanoweb" in names:
            print(f"heavy modules that nanoweb loads: {', '.join(heavy) or 'none'}")
    if options.check and "nanoweb" in names:
        slow = [mode for mode, result in times.items() if result["nanoweb"] > BUDGET]
        sys.exit(
            f"over {BUDGET} ms in {', '.join(slow)}" if slow else f"nanoweb loads {', '.join(heavy)}" if heavy else 0
        )


if __name__ == "__main__":
    main()
