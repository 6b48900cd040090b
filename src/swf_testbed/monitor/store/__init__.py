"""The database: models and migrations; nothing here decides anything."""
