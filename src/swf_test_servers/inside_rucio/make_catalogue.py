"""Runs inside Rucio's own environment: makes tables, accounts and a scope.

Arguments: account, password, scope.
"""

import sys

from rucio.common.types import InternalAccount, InternalScope
from rucio.core.account import add_account, add_account_attribute
from rucio.core.identity import add_account_identity, add_identity
from rucio.core.scope import add_scope
from rucio.db.sqla.constants import AccountType, DatabaseOperationType, IdentityType
from rucio.db.sqla.session import db_session
from rucio.db.sqla.util import build_database, create_base_vo, create_root_account

name, password, scope = sys.argv[1:]
build_database()
create_base_vo()
create_root_account()
account = InternalAccount(name)
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
