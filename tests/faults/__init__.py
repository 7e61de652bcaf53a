"""The fault table: what must hold while something around the service is broken, measured on running processes.

``python -m tests.faults`` (``make faults``) runs every row and writes docs/faults.md; test_rows.py runs them short.
"""
