"""Mutation testing of monitors: put one fault at a time into a monitor and see whether a scenario notices."""
