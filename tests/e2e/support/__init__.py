"""What the tests of the whole program share: processes, simulated venues, the tape read by other code."""
