"""What third parties implement, and the registry that finds it."""
