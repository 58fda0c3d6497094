"""Projects with their environments, members, variables, secrets and Git credentials."""
