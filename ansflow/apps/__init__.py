"""Django apps: tables, the verbs that change them (`actions.py`) and the questions about them (`queries.py`).

Among themselves, lowest first: audit, accounts, projects, tools, atomic_steps, pipelines, executions, approvals.
"""
