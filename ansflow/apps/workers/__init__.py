"""Workers as people see and command them. Their rows are the engine's; a wish is all that is written here."""
