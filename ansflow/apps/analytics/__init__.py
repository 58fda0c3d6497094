"""What can be learnt from many executions: reports by project and day."""
