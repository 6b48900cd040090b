"""What the data agent would raise and clear, kept for a test to look at."""

from swf_testbed.model.alarms import ALARMS


class Said:
    """In place of the alarms' way to the bus."""

    def __init__(self) -> None:
        self._standing: dict[str, str] = {}

    @property
    def standing(self) -> dict[str, str]:
        return dict(self._standing)

    def raised(self, name: str, what: str, text: str, run: int | None = None) -> None:
        del run
        assert name in ALARMS
        self._standing[f"{name}:{what}"] = text

    def cleared(self, name: str, what: str, text: str, run: int | None = None) -> None:
        del text, run
        self._standing.pop(f"{name}:{what}", None)
