"""`python -m bench [NAME...] [--json] [--rounds N]`: all benchmarks, or the named ones."""

import argparse
import json
import platform
from importlib import import_module
from typing import Any

# name -> the question its file answers
BENCHES = {
    "decode": "bytes of a depth frame to the applied book, beside orjson.loads and a sorted dict of Decimals",
    "edge": "two books to size and limits, beside the brute force",
    "vwap": "the average price of a quantity over 20 levels",
    "tick_to_order": "a frame that crosses to the order at the venue, by REST and WebSocket, beside floors",
}


def machine() -> str:
    """The machine's own words about itself, for the row in PERFORMANCE.md."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            model = next(
                (line.split(":")[1].strip() for line in file if line.startswith("model name")), model
            )
    except OSError:
        pass
    return f"{model}, {platform.system()}, Python {platform.python_version()}"


def show(result: dict[str, Any]) -> None:
    print(f"\n{result['workload']}")
    print(f"  {'':28}{'p50 us':>9}  {'(rounds)':>17}{'p99 us':>10}  {'(rounds)':>19}{'x p50':>8}{'x p99':>8}")
    for row in result["rows"]:
        low, high = row["p50_min_ns"] / 1e3, row["p50_max_ns"] / 1e3
        low99, high99 = row["p99_min_ns"] / 1e3, row["p99_max_ns"] / 1e3
        print(
            f"  {row['name']:28}{row['p50_ns'] / 1e3:9.2f}  {f'{low:.2f} to {high:.2f}':>17}"
            f"{row['p99_ns'] / 1e3:10.2f}  {f'{low99:.2f} to {high99:.2f}':>19}"
            f"{row['p50_ratio']:8.2f}{row['p99_ratio']:8.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=", ".join(f"{k}: {v}" for k, v in BENCHES.items())
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true", dest="as_json")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in BENCHES]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    results: list[dict[str, Any]] = []
    for name in arguments.names or BENCHES:
        for result in import_module(f"bench.{name}").measure(arguments.rounds):
            results.append({"bench": name, **result})
            if not arguments.as_json:
                show(results[-1])
    if arguments.as_json:
        print(json.dumps({"machine": machine(), "rounds": arguments.rounds, "results": results}))
    else:
        print(f"\n{machine()}; medians of {arguments.rounds} interleaved rounds; ratios to the first row")


if __name__ == "__main__":
    main()
