"""How a step on offer reaches a worker."""
