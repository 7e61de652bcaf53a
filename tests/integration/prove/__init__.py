"""Tests of proofs that need a process beside them."""
