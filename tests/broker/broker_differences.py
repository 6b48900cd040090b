"""What the brokers of the labs do otherwise than the contract says, by name."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Differences:
    """Of one broker. Tests of the contract show each of them, and that nothing else differs."""

    shares_client_ids: bool = False
    """A second connection of a name is let in beside the first."""

    nack_loses: bool = False
    """What is refused is gone, and becomes no dead letter."""

    browsing_takes: bool = False
    """The header `browser` is not known: who looks is a consumer as any other."""

    marks_not_all_that_comes_again: bool = False
    """The header `redelivered` may be `false` though a client that was lost had it in hand."""


KNOWN = {
    "artemis": Differences(
        shares_client_ids=True, nack_loses=True, browsing_takes=True, marks_not_all_that_comes_again=True
    ),
    "classic": Differences(),
    "embedded": Differences(),
}


@dataclass(frozen=True)
class BrokerUnderContract:
    """Where a broker is, who may come in, and what it does otherwise than ours."""

    address: tuple[str, int]
    differences: Differences
    login: tuple[str, str] | None = None
