"""Fan-out to many sockets and logs to a viewer, ours beside what others would pick. `python -m bench live --help`."""
