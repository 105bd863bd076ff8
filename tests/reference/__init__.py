"""Readable oracles: the slow, obvious versions that the fast ones are compared with."""
