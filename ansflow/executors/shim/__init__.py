"""The supervisor of a step, and the small process that supervisors are forked from.

A worker starts that process once. It forks a *shim* when the worker wants one more step to run at the same time, which
costs a fraction of starting Python. A shim takes one step at a time, through a socket of its own:

    bind a name → start the command → copy what it prints → enforce the deadline
    → kill what is left of its process tree → write the record → tell the worker, and take the next step

When the worker dies, its sockets close: the parent and idle shims end at once, the others when their step has ended.
A later worker reaches a shim under its name, an abstract socket that follows from the attempt's folder.

Nothing else of AnsFlow is imported here, and little of the standard library: all of it is paid for in memory and forks.
"""
