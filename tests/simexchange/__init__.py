"""Tests of the simulated venues: they share no parser with `arb.venues`, neither do their tests."""
