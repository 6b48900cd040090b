"""Whatever a list can be filtered by is found by an index, however long the table has become."""

import json

from monitor_instance import Instance

_WITHOUT = """
import json
from swf_testbed.monitor.services.resources import RESOURCES

def leading(meta):
    for column in meta.fields:
        if column.primary_key or column.unique or column.db_index:
            yield column.attname
    for index in (*meta.indexes, *meta.constraints):
        if getattr(index, "fields", None):
            yield meta.get_field(index.fields[0].lstrip("-")).attname

print(json.dumps({
    name: sorted(set(map(of.columns.__getitem__, (*of.filters, of.key[0]))) - set(leading(of.model._meta)))
    for name, of in RESOURCES.items()
}))
"""


def test_every_filter_leads_an_index(instance: Instance) -> None:
    found = json.loads(instance.manage("shell", "--no-imports", "-c", _WITHOUT))
    assert found
    assert {name: columns for name, columns in found.items() if columns} == {}
