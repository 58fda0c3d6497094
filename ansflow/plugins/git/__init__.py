"""Git, hardened: what a repository's address may look like, and git run with no settings but ours.

Used by the step type `fetch_code`, and by the server where it reads a pipeline file from a repository.
"""
