"""The command line as a client of a server: signing in, asking, watching. Everything goes over the public API."""
