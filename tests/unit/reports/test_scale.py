"""A large organisation: 200 departments, 50,000 people, 500 services. All its pages in 15 s and 800 MB, none too large.

The pages of the organisation are made, and every twentieth of the departments', which stand for the others.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]
MOST = 400_000  # bytes of a page
STEP = 20

MEASURE = f"""
import json, resource, time
from support.report_world import large
from shadowai.reports import html
from shadowai.reports.look import PLAIN
document = large()
begin = time.process_time()
neat = html._neat(document, PLAIN)
renderers = (html._index, html._executive, html._evidence)
made = {{one.__name__: one(neat, PLAIN) for one in renderers}}
whole = time.process_time() - begin
begin = time.process_time()
some = html._departments(neat, html.page_links(neat), PLAIN, range(0, len(neat.departments), {STEP}))
made.update((page.path, page.html) for page in some)
parts = time.process_time() - begin
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([whole + {STEP} * parts, memory, {{name: len(page.encode()) for name, page in made.items()}}]))
"""


def test_a_large_organisation() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    run = subprocess.run(
        [sys.executable, "-c", MEASURE],
        check=True,
        capture_output=True,
        env={**environment, "PYTHONPATH": str(TESTS)},
        timeout=300,
    )
    seconds, memory, sizes = json.loads(run.stdout)
    assert len(sizes) == 13
    assert {name: size for name, size in sizes.items() if size > MOST} == {}
    assert seconds < 15
    assert memory < (800_000 if sys.platform == "linux" else 800_000_000)  # kB; macOS counts bytes
