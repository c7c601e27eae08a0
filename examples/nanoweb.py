"""Lets `python examples/hello.py` use the package of this checkout, with nothing installed.

Python searches a script's own folder first, so an example's `import nanoweb` finds this file.
It swaps that folder for the checkout's in the search path, makes room in sys.modules, and
imports the real package: `import` hands out whatever stands in sys.modules at the end.
"""

import importlib
import sys
from pathlib import Path

here = Path(__file__).resolve().parent
sys.path[:] = [str(here.parent), *(entry for entry in sys.path if Path(entry).resolve() != here)]
del sys.modules[__name__]
importlib.import_module(__name__)
