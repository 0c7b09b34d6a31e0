"""What every part of the models is made of: words in two languages, links, logos, sizes."""

import re
from mimetypes import guess_type
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

LAYER_ID = re.compile(r"[a-z][a-z0-9_]*")


class Model(BaseModel):
    """Frozen, and nothing undeclared is let in."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(Model):
    """Words in French and English; one of them is enough."""

    fr: str = ""
    en: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_string(cls, value: Any) -> Any:
        return {"fr": value, "en": value} if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Editors are told that a plain string does as well."""
        return {"anyOf": [handler(core), {"type": "string"}]}

    def get(self, language: str) -> str:
        """The words in a language ("fr" or "en"), else in the other."""
        return (self.en or self.fr) if language == "en" else (self.fr or self.en)

    def __bool__(self) -> bool:
        return bool(self.fr or self.en)


class Link(Model):
    """An address with what it gives."""

    url: str
    title: str = ""
    format: str = "text/xml"
    type: str = "ISO19115:2003"


class Logo(Model):
    """A picture by its address; its size is in pixels."""

    url: str
    width: int | None = Field(None, ge=1)
    height: int | None = Field(None, ge=1)
    format: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_string(cls, value: Any) -> Any:
        return {"url": value} if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Editors are told that the address alone does as well."""
        return {"anyOf": [handler(core), {"type": "string"}]}

    @property
    def media_type(self) -> str:
        """As declared, else as the address ends."""
        return self.format or guess_type(self.url.partition("?")[0])[0] or "image/png"


class Attribution(Model):
    """Who is to be named with the layer."""

    title: str
    url: str | None = None
    logo: Logo | None = None


def _bytes(value: Any) -> Any:
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([kMGT]B)", str(value))
    return round(float(match[1]) * 1000 ** ("kMGT".index(match[2][0]) + 1)) if match else value


Bytes = Annotated[
    int,
    Field(ge=0),
    BeforeValidator(_bytes),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^\d+(\.\d+)? ?[kMGT]B$"}]}
    ),
]
"""Bytes, or as "500 GB"."""
