"""REST: one file per resource. Parse, call an action or a query, render."""
