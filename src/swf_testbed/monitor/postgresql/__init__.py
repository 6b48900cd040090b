"""Django's database backend for PostgreSQL, with a pool that is whole again as soon as the server is."""
