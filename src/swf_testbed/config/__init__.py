"""Settings of the environment, workflow configuration, and where both came from."""
