"""The Django application of the store."""

from django.apps import AppConfig


class StoreConfig(AppConfig):
    """All tables of the monitor."""

    name = "swf_testbed.monitor.store"
    label = "store"
    default_auto_field = "django.db.models.BigAutoField"
