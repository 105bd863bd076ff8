"""`python -m arb` is the command `arb`."""

from arb.cli import main

main()
