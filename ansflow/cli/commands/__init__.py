"""One file per command: `options(parser)` declares them, `run(args, screen)` does it and gives the exit code."""
