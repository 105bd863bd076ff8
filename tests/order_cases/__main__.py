"""`python -m tests.order_cases --count 1000 --seed 1`: the table, and exit code 1 for any disagreement."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path

# The installed package is what is tested; the folder we are started from holds its sources without the core.
_ROOT = Path(__file__).resolve().parents[2]
sys.path[:] = [path for path in sys.path if Path(path or ".").resolve() != _ROOT]

from tests.order_cases.judge import table  # noqa: E402
from tests.order_cases.run import run_cases  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.order_cases")
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    begun = time.monotonic()

    def progress(done: int) -> None:
        if done % 50 == 0:
            print(f"{done} cases, {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)

    verdict, runner = asyncio.run(run_cases(arguments.count, arguments.seed, progress))
    print(table(verdict))
    print(f"seed {arguments.seed}, {time.monotonic() - begun:.0f} s, drawn again {runner.not_opened}")
    for reason, times in runner.reasons.most_common(6):
        print(f"  not sent {times}: {reason}")
    for line in verdict.wrong[:40]:
        print(line)
    return 1 if verdict.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
