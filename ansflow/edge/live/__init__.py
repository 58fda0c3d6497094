"""Rooms of live viewers: per process one subscription to the bus, one read and one encoding per hint."""
