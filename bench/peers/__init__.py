"""What a user would take instead: commands (`commands`), and servers, each a module of its own."""
