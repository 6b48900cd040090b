"""Storage by Rucio: its catalogue knows the files, its rules bring them to the sites.

Nothing here loads Rucio's client before it is needed: `pip install 'swf-testbed[rucio,xrootd]'`.
"""

from swf_testbed.adapters.rucio.access import Access
from swf_testbed.adapters.rucio.storage import RucioStorage
from swf_testbed.adapters.storage.door import Door

__all__ = ["Access", "Door", "RucioStorage"]
