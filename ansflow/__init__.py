"""AnsFlow: pipelines of atomic steps, run here, on a fleet, or on the CI that a team already has."""

__version__ = "0.1.0.dev0"
