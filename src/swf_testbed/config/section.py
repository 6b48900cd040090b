"""What every section of the configuration is, and the values that stand in many of them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

_IN_SECONDS = {"unit": "s"}
IN_MEGABYTES = {"unit": "MB"}

Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False, json_schema_extra=_IN_SECONDS)]
AboveZero = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False, json_schema_extra=_IN_SECONDS)]
Duration = Annotated[float, Field(gt=0, le=2_592_000, allow_inf_nan=False, json_schema_extra=_IN_SECONDS)]
"""Up to 30 days."""

Fraction = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]


class Section(BaseModel):
    """A section of the configuration: frozen; refuses names it does not know and values of another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def told(text: str) -> FieldInfo:
    """What a value is, for the reference."""
    return FieldInfo(description=text)


def unit_of(parameter: FieldInfo) -> str:
    """The unit of a parameter; empty for a plain number and for what is none."""
    extra = parameter.json_schema_extra
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""
