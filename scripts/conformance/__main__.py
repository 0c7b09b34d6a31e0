"""`make conformance CITE_HOME=…`: the OGC's suites of that home on a server of ours, behind nginx.

Prints a line a suite and every failure that is not known. Exit status 1 where there is one, or where a known
failure passes now. Without a home, or without the suites' data, it prints SKIPPED and why, and exits 0.
"""

import os
import sys
import tempfile
from collections import Counter
from itertools import groupby
from pathlib import Path

from scripts.conformance.case import Case, cases
from scripts.conformance.outcome import Outcome
from scripts.conformance.schemas import proxy
from scripts.conformance.server import behind_nginx
from scripts.conformance.suite import missing, run

DATA = Path(__file__).parents[3] / "shared" / "data" / "cite"


def main(only: tuple[str, ...]) -> int:
    """Run the cases of these names, or all; the exit status."""
    home = Path(os.environ.get("CITE_HOME", "")).expanduser()
    data = Path(os.environ.get("CITE_DATA", DATA))
    if not os.environ.get("CITE_HOME") or not home.is_dir():
        print("SKIPPED: CITE_HOME does not name a folder with the suites")
        return 0
    if not data.is_dir():
        print(f"SKIPPED: CITE_DATA does not name a folder with the suites' data ({data})")
        return 0
    os.environ["CITE_DATA"] = str(data.resolve())
    with proxy(home) as port:
        found = sorted(cases(only), key=lambda case: case.registry)
        groups = groupby(found, key=lambda case: case.registry)
        wrong = sum(_served(registry, list(group), home, port) for registry, group in groups)
    return 1 if wrong else 0


def _served(registry: str, found: list[Case], home: Path, port: int) -> int:
    """Run the cases of one registry on a server of its own; how many outcomes were unexpected."""
    for case in found:
        if reason := missing(case, home):
            print(f"{case.name}: SKIPPED: {reason}")
    there = [case for case in found if not missing(case, home)]
    if not there:
        return 0
    with tempfile.TemporaryDirectory() as store, behind_nginx(Path(store), registry) as base:
        return sum(tell(case, run(case, base, home, home / "out" / f"garrigue-{case.name}", port)) for case in there)


def tell(case: Case, outcomes: list[Outcome]) -> int:
    """Print the suite's line and its unexpected outcomes; how many there are."""
    count = Counter(outcome.status for outcome in outcomes)
    failed = [outcome for outcome in outcomes if outcome.status == "FAIL"]
    unexpected = [outcome for outcome in failed if not any(outcome.name.startswith(name) for name in case.known)]
    stale = [name for name in case.known if not any(outcome.name.startswith(name) for outcome in failed)]
    print(f"{case.name}: {count['PASS']} passed, {count['FAIL']} failed, {count['SKIP']} skipped", flush=True)
    for outcome in unexpected:
        print(f"  FAIL {outcome.name}: {outcome.message[:400]}")
    for name in stale:
        print(f"  {name} is listed as a known failure and does not fail")
    if count["PASS"] < case.minimum:
        print(f"  fewer than {case.minimum} passes: the suite did not really run")
    return len(unexpected) + len(stale) + (count["PASS"] < case.minimum)


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:])))
