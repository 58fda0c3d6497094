"""People, projects and pipelines to look at: made over the API, and run for real."""
