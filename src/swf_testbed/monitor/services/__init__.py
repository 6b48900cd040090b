"""What the monitor can do: the one layer that REST, pages, intake and assistants call."""
