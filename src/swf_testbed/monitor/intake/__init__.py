"""From the bus to the database: one durable subscriber that stores messages in batches, each once."""
