"""Exit codes of every command."""

OK = 0
FAILED = 1  # the run failed, or something else went wrong
CANCELLED = 2  # cancelled, other than by Ctrl-C
TIMED_OUT = 3  # the execution ran out of its own time
NOT_SIGNED_IN = 4  # the server does not know who asks
INVALID = 5  # the pipeline file, an input or the command line is wrong
INTERRUPTED = 130  # Ctrl-C
BROKEN_PIPE = 141  # nobody reads our output any more: what a shell reports for SIGPIPE
