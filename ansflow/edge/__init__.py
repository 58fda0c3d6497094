"""The asynchronous service in front: health, metrics, sockets; Django stands behind it in threads."""
