"""``python -m tests.fuzz.drill``: thousands of damaged files, and a table of what became of them.

Exits with 1 when the service fell, when something wrong was shown that a checksum in
the file protects, or when an error was not foreseen. Readers may die: they are counted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.fuzz.campaign import Outcome, run
from tests.fuzz.damage import case, make_seeds

BATCH = 400
BECAME = ("refused", "unreadable", "same", "wrong")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=6000)
    parser.add_argument("--first", type=int, default=100_000, help="number of the first case")
    asked = parser.parse_args()
    whole = Outcome()
    with tempfile.TemporaryDirectory() as place:
        seeds = make_seeds(Path(place))
        end = asked.first + asked.cases
        for begin in range(asked.first, end, BATCH):
            batch = [case(n, seeds) for n in range(begin, min(begin + BATCH, end))]
            found = run(batch, seeds, Path(place))
            for at, counts in found.counts.items():
                whole.counts.setdefault(at, Counter()).update(counts)
            whole.wrong_though_guarded += found.wrong_though_guarded
            whole.reader_losses += found.reader_losses
            whole.faults += found.faults
            print(f"{begin + len(batch) - asked.first} of {asked.cases} cases", file=sys.stderr)
    report(whole)
    return bool(whole.wrong_though_guarded or whole.faults)


def report(outcome: Outcome) -> None:
    """Print what became of the cases."""
    print(f"{'stored':15} {'damage':13}" + "".join(f"{b:>12}" for b in BECAME))
    for (seed, damage), counts in sorted(outcome.counts.items()):
        print(f"{seed:15} {damage:13}" + "".join(f"{counts[b]:12}" for b in BECAME))
    print(f"{'all':29}" + "".join(f"{outcome.total(b):12}" for b in BECAME))
    print(f"wrong though guarded by a checksum: {len(outcome.wrong_though_guarded)}")
    print(f"readers lost: {len(outcome.reader_losses)}")
    for line in (*outcome.wrong_though_guarded, *outcome.reader_losses, *outcome.faults):
        print(f"  {line}")
    print(f"unforeseen errors: {len(outcome.faults)}")


if __name__ == "__main__":
    sys.exit(main())
