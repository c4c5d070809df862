"""A large organisation: 200 departments, 50,000 people, 500 services. All its pages in 800 MB, none too large.

`benchmarks/pages.py` says how long they take. The pages of the organisation are made, and every twentieth of the
departments', which stand for the others.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]
MOST = 400_000  # bytes of a page
STEP = 20

MEASURE = f"""
import json, pathlib, re
from support.report_world import large
from shadowai.reports import html
from shadowai.reports.languages import language
from shadowai.reports.look import Look
document, look = large(), Look(language("fr"))  # the language with the longest sentences
neat = html._neat(document, look)
renderers = (html._index, html._executive, html._evidence)
made = {{one.__name__: one(neat, look) for one in renderers}}
some = html._departments(neat, html.page_links(neat), look, range(0, len(neat.departments), {STEP}))
made.update((page.path, page.html) for page in some)
# Not getrusage: there a process begins with what its parent held.
most = re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())
print(json.dumps([int(most[1]), {{name: len(page.encode()) for name, page in made.items()}}]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what one process held at most")
def test_a_large_organisation() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    run = subprocess.run(
        [sys.executable, "-c", MEASURE],
        check=True,
        capture_output=True,
        env={**environment, "PYTHONPATH": str(TESTS)},
        timeout=300,
    )
    memory, sizes = json.loads(run.stdout)
    assert len(sizes) == 13
    assert {name: size for name, size in sizes.items() if size > MOST} == {}
    assert memory < 800_000  # kB
