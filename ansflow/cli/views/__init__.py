"""How a run is shown while it goes on: drawn in a terminal, as lines in a pipe, as JSON for programs."""
