"""Draws the graph of a pipeline, as text and as SVG, from one layout."""
