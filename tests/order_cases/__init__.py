"""Orders on bad days: seeded faults of order entry over real sockets, judged by the simulator's own ledger.

`python -m tests.order_cases --count 1000 --seed 1` prints a table fault -> cases -> how the orders ended.
"""
