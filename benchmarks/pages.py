"""How long the pages of a large organisation take: 200 departments, 50,000 people, 500 services; on one core.

python benchmarks/pages.py
"""

from __future__ import annotations

import importlib
import resource
import sys
import time
from pathlib import Path

from shadowai.reports.html import pages


def main() -> None:
    """Make every page, and print what it took."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    document = importlib.import_module("support.report_world").large()
    begin = time.process_time()
    sizes = [len(page.html.encode()) for page in pages(document)]
    seconds = time.process_time() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(f"{len(sizes)} pages in {seconds:.1f} s of processor, the largest {max(sizes) / 1000:.0f} kB, {peak:.0f} MB")


if __name__ == "__main__":
    main()
