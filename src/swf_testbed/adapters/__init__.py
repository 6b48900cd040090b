"""Ways to systems outside: each a protocol, and real implementations of it."""
