"""The library of steps: the types there are, and steps that were saved to be used again."""
