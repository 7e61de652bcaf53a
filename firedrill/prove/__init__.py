"""The proof: every declared alert fires where it must, stays quiet elsewhere, and every fault put into it is caught."""
