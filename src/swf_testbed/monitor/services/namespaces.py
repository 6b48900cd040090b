"""The namespaces that a page offers to choose from."""

from swf_testbed.monitor.store.models import Namespace

_MOST = 200


def namespace_choices() -> list[str]:
    """Their names; the first 200, for a page that can be read."""
    return list(Namespace.objects.order_by("name").values_list("name", flat=True)[:_MOST])
