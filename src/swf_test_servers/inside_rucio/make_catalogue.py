"""Runs inside Rucio's own environment: makes tables, accounts, a scope, and storages behind XRootD.

Arguments: account, password, scope, and a JSON list of {name, deterministic, host, port, prefix, fts}.
"""

import json
import sys
from itertools import permutations

from rucio.common.types import InternalAccount, InternalScope
from rucio.core.account import add_account, add_account_attribute
from rucio.core.account_limit import set_local_account_limit
from rucio.core.distance import add_distance
from rucio.core.identity import add_account_identity, add_identity
from rucio.core.rse import add_protocol, add_rse, add_rse_attribute
from rucio.core.scope import add_scope
from rucio.db.sqla.constants import AccountType, DatabaseOperationType, IdentityType
from rucio.db.sqla.session import db_session
from rucio.db.sqla.util import build_database, create_base_vo, create_root_account

LIMIT_BYTES = 10**15
OPERATIONS = {"read": 1, "write": 1, "delete": 1}

name, password, scope, storages = sys.argv[1:]
build_database()
create_base_vo()
create_root_account()
root, account = InternalAccount("root"), InternalAccount(name)
with db_session(DatabaseOperationType.WRITE) as session:
    add_account(account, AccountType.SERVICE, "daq@localhost", session=session)
    add_account_attribute(key="admin", value="true", account=account, session=session)
    add_identity(name, IdentityType.USERPASS, "daq@localhost", password=password, session=session)
    add_account_identity(
        name,
        IdentityType.USERPASS,
        account,
        "daq@localhost",
        default=True,
        password=password,
        session=session,
    )
    add_scope(InternalScope(scope), account, session=session)
    made = []
    for storage in json.loads(storages):
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
        for one in (root, account):
            set_local_account_limit(one, rse, LIMIT_BYTES, session=session)
        made.append(rse)
    for one, other in permutations(made, 2):
        add_distance(one, other, distance=1, session=session)
