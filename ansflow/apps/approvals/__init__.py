"""Gates that wait for people."""
