"""The monitor for AI assistants: tools, resources and a prompt over the Model Context Protocol."""
