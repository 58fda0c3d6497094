"""The supervisor of one step, and the small process that all supervisors are forked from.

A worker starts that process once and sends it requests through a socket; each request forks a shim, which costs a
fraction of starting Python. When the worker dies, the socket closes and the parent of the shims ends; the shims go on,
each until its step has ended:

    take the lock of the spool → start the command → copy what it prints → enforce the deadline
    → kill what is left of its process tree → write the record → end

Nothing else of AnsFlow is imported here, and little of the standard library: every module is paid for with each fork.
"""
