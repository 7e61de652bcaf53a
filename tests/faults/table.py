"""The fault table."""

from tests.faults import agent, api, down, gemini, hostile, kill

ROWS = (agent.ROW, api.ROW, down.ROW, kill.ROW, gemini.ROW, hostile.ROW)
