"""Runs inside Rucio's own environment: lets storages be known, each with an XRootD door.

Arguments: the account that may fill them beside root, and a JSON list of
{name, deterministic, host, port, prefix, fts}.
"""

import json
import sys
from itertools import permutations

from rucio.common.types import InternalAccount
from rucio.core.account_limit import set_local_account_limit
from rucio.core.distance import add_distance
from rucio.core.rse import add_protocol, add_rse, add_rse_attribute
from rucio.db.sqla.constants import DatabaseOperationType
from rucio.db.sqla.session import db_session

LIMIT_BYTES = 10**15
OPERATIONS = {"read": 1, "write": 1, "delete": 1}

accounts, said = (InternalAccount("root"), InternalAccount(sys.argv[1])), json.loads(sys.argv[2])
with db_session(DatabaseOperationType.WRITE) as session:
    made = []
    for storage in said:
        rse = add_rse(storage["name"], deterministic=storage["deterministic"], session=session)
        door = {
            "scheme": "root",
            "impl": "rucio.rse.protocols.xrootd.Default",
            "hostname": storage["host"],
            "port": storage["port"],
            "prefix": storage["prefix"],
            "domains": {
                "lan": OPERATIONS,
                "wan": {**OPERATIONS, "third_party_copy_read": 1, "third_party_copy_write": 1},
            },
        }
        add_protocol(rse, door, session=session)
        add_rse_attribute(rse, "fts", storage["fts"], session=session)
        for account in accounts:
            set_local_account_limit(account, rse, LIMIT_BYTES, session=session)
        made.append(rse)
    for one, other in permutations(made, 2):
        add_distance(one, other, distance=1, session=session)
