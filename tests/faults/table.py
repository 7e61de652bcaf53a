"""The fault table."""

from tests.faults import agent, api, gemini, hostile, kill

ROWS = (agent.ROW, api.ROW, kill.ROW, gemini.ROW, hostile.ROW)
