"""The only place that knows everything: it wires ports to implementations."""
