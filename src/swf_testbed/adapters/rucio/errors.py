"""What an error of Rucio means: wait, ask otherwise, or give up."""

from swf_testbed.model.errors import BadData, BadInput, Conflict, NotFound, Refused, SwfError, Unavailable

_NOT_FOUND = {"DataIdentifierNotFound", "ReplicaNotFound", "RuleNotFound"}
_REFUSED_INPUT = {
    "InvalidObject": "Rucio takes no such name or value",
    "InvalidMetadata": "Rucio takes no such metadata",
    "InvalidPath": "Rucio takes no such path",
    "InputValidationError": "Rucio takes no such value",
    "InvalidRSEExpression": "Rucio knows no such site",
    "RSEFileNameNotSupported": "the storage does not serve that address",
    "RSENotFound": "Rucio knows no such storage",
    "ScopeNotFound": "Rucio knows no such scope",
    "MissingClientParameter": "set SWF_RUCIO_URL and its companions, or write a rucio.cfg",
}
_BAD_DATA = {"FileConsistencyMismatch"}
_REFUSED = {
    "AccessDenied",
    "InsufficientAccountLimit",
    "InsufficientQuota",
    "InsufficientTargetRSEs",
    "ManualRuleApprovalBlocked",
    "RSEWriteBlocked",
    "RuleReplaceFailed",
}
_CONFLICT = {"DataIdentifierAlreadyExists", "DuplicateRule", "UnsupportedOperation"}


def meaning(what: str, error: Exception) -> SwfError:
    """The error as the rest of the testbed knows it.

    Args:
        what: was being done, in words, like "registering 10 files in group.daq:swf.100010.run".
        error: what Rucio's client raised. What is not known is waited for: nothing is lost by waiting.
    """
    kind = type(error).__name__
    text = f"{what}: {_said(error)}"
    if kind in _REFUSED_INPUT:
        return BadInput(what, _said(error), _REFUSED_INPUT[kind])
    if kind == "CannotAuthenticate" and "CannotAuthenticate" in str(error):
        return Refused(f"{text}; check the account and its password, certificate or token")
    for kinds, wanted in (
        (_NOT_FOUND, NotFound),
        (_BAD_DATA, BadData),
        (_REFUSED, Refused),
        (_CONFLICT, Conflict),
    ):
        if kind in kinds:
            return wanted(text)
    return Unavailable(text)


def _said(error: Exception) -> str:
    """The first line of what Rucio says: the rest shows a schema."""
    words = str(error).strip() or type(error).__name__
    return words.splitlines()[0].strip()[:500]
