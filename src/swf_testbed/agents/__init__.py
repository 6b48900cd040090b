"""The agents; none knows another, they meet on the bus and in the monitor."""
