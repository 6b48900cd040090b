"""Commands of `manage.py`, as a Django application."""
