"""What the pydantic models of reviewed YAML share: their strictness, and French for all that they refuse.

A model says the form of one kind of file. Its refusals are French sentences on a key; who reads the file adds
the place. The same sentences and descriptions go into the JSON Schemas, where editors show them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple, Self, TypeVar, get_origin

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, ErrorDetails, InitErrorDetails, PydanticCustomError, core_schema

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.reading import NO_YAML, unreadable_yaml

_REFUSED, _UNKNOWN = "refused", "unknown"


class Fault(NamedTuple):
    """One thing refused.

    Attributes:
        path: keys and places that lead to it, as the file writes them.
        words: what is wrong, in French.
        unknown: True for a key that means nothing.
    """

    path: tuple[str | int, ...]
    words: str
    unknown: bool


@dataclass(frozen=True)
class Says:
    """On a field: what is told, in French, of a value that has not its form.

    Attributes:
        words: a sentence, in which {key} is its key, {value} and {repr} are the value.
    """

    words: str

    def of(self, key: str, value: Any) -> str:
        """The words about the value of a key."""
        return _filled(self.words, key=key, repr=repr(value), value=str(value))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The schema of the type, with the words when they do not cite the value."""
        said = handler(schema)
        said.pop("errorMessage", None)
        return said | ({"errorMessage": self.words} if self.of("{key}", "") == self.words else {})


@dataclass(frozen=True)
class Among:
    """On a text: one of some words."""

    known: tuple[str, ...]

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """A literal, whose words are those of the project."""
        return core_schema.literal_schema(list(self.known))


def _on_one_line(value: str) -> str:
    if not value.strip():
        raise ValueError
    return " ".join(value.split())


# A text with something in it, its folds undone.
Line = Annotated[str, AfterValidator(_on_one_line)]
Address = Annotated[
    str, Field(pattern=r'^https?://[^\s<>"]+$'), Says("une adresse (http:// ou https://) est attendue.")
]
Day = Annotated[date, Says("{key} attend une date, comme 2027-06-30.")]


def _shown(schema: dict[str, Any]) -> None:
    """What editors show of a model: not its docstring, which is in English; the words with their keys."""
    schema.pop("description", None)
    for key, said in schema["properties"].items():
        if "errorMessage" in said:
            said["errorMessage"] = _filled(said["errorMessage"], key=key)


class Reviewed(BaseModel):
    """What people write in a reviewed file: nothing is converted, nothing unknown is let through."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        validate_default=True,
        # Patterns may look ahead.
        regex_engine="python-re",
        json_schema_extra=_shown,
    )

    # What is told of something that is no mapping; of a key that is not there ("": what its field says);
    # of a {key} that means nothing, {known} being those that do; and of one that is near the key {close}.
    SHAPE: ClassVar[str] = "des clés et des valeurs sont attendues."
    MISSING: ClassVar[str] = ""
    UNKNOWN: ClassVar[str] = "clé inconnue."
    NEAR: ClassVar[str] = "clé inconnue. Vouliez-vous « {close} » ?"

    @model_validator(mode="wrap")
    @classmethod
    def _in_french(cls, value: Any, inner: ModelWrapValidatorHandler[Self]) -> Self:
        if isinstance(value, Mapping):
            # A part that is not there lacks each of its keys.
            value = {**{key: {} for key in cls._parts()}, **value}
        try:
            return inner(value)
        except ValidationError as error:
            told = [cls._told(one) for one in error.errors()]
        raise ValidationError.from_exception_data(cls.__name__, told)

    @classmethod
    def _parts(cls) -> list[str]:
        return [
            field.alias or name
            for name, field in cls.model_fields.items()
            if field.is_required()
            and isinstance(kind := get_origin(field.annotation) or field.annotation, type)
            and issubclass(kind, dict | Reviewed)
        ]

    @classmethod
    def _told(cls, error: ErrorDetails) -> InitErrorDetails:
        path, kind, words = error["loc"], error["type"], error.get("ctx", {}).get("words", "")
        fields = {field.alias or name: field for name, field in cls.model_fields.items()}
        if path and kind != "extra_forbidden" and path[0] in cls.model_fields:
            # pydantic names a default by its attribute.
            path = (cls.model_fields[str(path[0])].alias or path[0], *path[1:])
        if not words and not path:
            words = cls.SHAPE
        elif not words and path[0] not in fields:
            kind, close = _UNKNOWN, "".join(get_close_matches(str(path[0]), fields, 1, 0.5))
            words = cls.NEAR if close else cls.UNKNOWN
            words = _filled(words, key=str(path[0]), known=", ".join(fields), close=close)
        elif not words:
            missing = kind == "missing"
            says = [one for one in fields[str(path[0])].metadata if isinstance(one, Says)]
            # The first is about the type, the last about the pattern.
            said = says[-1 if kind == "string_pattern_mismatch" else 0] if says else Says("")
            words = said.of(str(path[0]), None if missing else error["input"])
            words = (cls.MISSING if missing else "") or words or "cette valeur ne convient pas."
        # Without the value: it may be a secret.
        told = refused(words, kind if kind == _UNKNOWN else _REFUSED)
        return InitErrorDetails(type=told, loc=path, input=None)


M = TypeVar("M", bound=Reviewed)


def refused(words: str, kind: str = _REFUSED) -> PydanticCustomError:
    """What a validator raises to refuse a value with a French sentence."""
    return PydanticCustomError(kind, "{words}", {"words": words})


def _filled(words: str, **values: str) -> str:
    """The words with what stands for {name} in them; other braces are the words' own."""
    for name, value in values.items():
        words = words.replace(f"{{{name}}}", value)
    return words


def refuse(faults: Iterable[str | tuple[tuple[str, ...], str]]) -> None:
    """Raises all the faults of one value at once, if there is one.

    Args:
        faults: a sentence each, with the path to what it is about, below the value, where it is a part of it.

    Raises:
        ValidationError: there is one; pydantic adds it to the others.
    """
    told = [(((), fault) if isinstance(fault, str) else fault) for fault in faults]
    if told:
        raise ValidationError.from_exception_data(
            "", [InitErrorDetails(type=refused(words), loc=path, input=None) for path, words in told]
        )


def checked(model: type[M], content: Any, **context: Any) -> tuple[M | None, list[Fault]]:
    """Reads what YAML says as a model.

    Args:
        model: of this kind of file, or of a part of it.
        content: what YAML says.
        context: what the validators of the model need to know of the project.

    Returns:
        The model, None when something is refused; and all that is.
    """
    try:
        return model.model_validate(content, context=context), []
    except ValidationError as error:
        return None, [
            Fault(one["loc"], one["ctx"]["words"], one["type"] == _UNKNOWN) for one in error.errors()
        ]


def read_yaml(path: Path, name: str | Path, advice: str) -> Any:
    """What a reviewed file says.

    Args:
        path: of the file.
        name: as messages name it.
        advice: what to do when it cannot be read, in French.

    Raises:
        PlatformError: it is no YAML.
        FileNotFoundError: there is none.
    """
    try:
        return yaml.safe_load(path.read_text("utf-8"))
    except NO_YAML as error:
        raise PlatformError(f"{name} : {unreadable_yaml(error)}.", advice) from error


def read_listed(
    root: Path, file: Path, key: str, model: type[M], advice: str, judge: Callable[[M], Iterable[str]]
) -> list[M]:
    """The entries of a file that is one list below one key; none when there is no file.

    Args:
        root: the checkout.
        file: below it.
        key: the only one of the file; its entries are named by it, without its plural.
        model: of an entry.
        advice: what to do about a fault, in French.
        judge: what the project has against an entry whose form is right, one French sentence each.

    Raises:
        PlatformError: something in it cannot be followed; all faults are named.
    """
    if not (root / file).exists():
        return []
    content = read_yaml(root / file, file, advice)
    if not isinstance(content, Mapping) or set(content) != {key} or not isinstance(content[key], list | None):
        raise PlatformError(f"{file} : une seule clé, {key}, et une liste.", advice)
    found, told = [], []
    for number, entry in enumerate(content[key] or [], start=1):
        one, faults = checked(model, entry)
        found += [one] if one else []
        words = dict.fromkeys((*(fault.words for fault in faults), *(judge(one) if one else ())))
        told += [f"{file}, {key.removesuffix('s')} {number} : {fault}" for fault in words]
    if told:
        raise PlatformError("\n".join(told), advice)
    return found
