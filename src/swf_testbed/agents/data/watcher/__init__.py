"""The watcher: rules that look at the flow of data now and then, and say what is not as it should be."""
