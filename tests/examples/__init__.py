"""Two services that run without this stack, one in Python and one not, and a program that declares both."""
