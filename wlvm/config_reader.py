"""From the tables of a TOML file to typed structs, with every problem found on the way.

A struct says with its annotations what a file may say: `Annotated[type, Key(...)]` is a key, in words for errors and for the documentation;
a field without a `Key` is none. Every key has a default. Constraints are msgspec's (`Meta`).
"""

from __future__ import annotations

import difflib
import json
import re
import types
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Struct

#: A longer value is cut in an error.
_SHOWN = 80

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")


class Key(Struct, frozen=True):
    """A key of the file: what it `expected`s after that word, and its `meaning`."""

    expected: str
    meaning: str


class NamedTables(Key, frozen=True):
    """A key whose value is a table of tables: the name of each becomes the struct's `name`, which must match `pattern`."""

    pattern: str
    expected_name: str


class Problem(Struct, frozen=True):
    """One thing wrong in a file: the `key`'s path ("" for the file as a whole), its `value` as shown ("" for none), what was expected."""

    file: str
    key: str
    value: str
    expected: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.key, self.value, self.expected) if part)


class Fault(Exception):
    """What a struct finds wrong with its own values, where they are: below the struct's own path."""

    def __init__(self, keys: tuple[str | int, ...], value: object, expected: str) -> None:
        """`value` as in the file, None to show none; `expected` is the whole text, "expected" included."""
        super().__init__(expected)
        self.keys, self.value, self.expected = keys, value, expected


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table of the file."""

    def faults(self) -> Iterator[Fault]:
        """What is wrong with a table each of whose keys is right by itself."""
        return iter(())


AnyTable = TypeVar("AnyTable", bound=Table)
Value = TypeVar("Value", bound=Hashable)

#: Makes a value of a type that TOML does not have from a string of the file; ValueError for one that is none.
Parser = Callable[[str], object]


class TableReader:
    """Reads the tables of one file and collects the `problems`."""

    def __init__(self, file: str, parsers: Mapping[type, Parser]) -> None:
        """`parsers` by the type of the struct's field."""
        self.problems: list[Problem] = []
        self._file = file
        self._parsers = parsers

    def read(
        self, struct: type[AnyTable], value: object, *keys: str | int, **given: object
    ) -> AnyTable | None:
        """The table at `keys` as a `struct`, with the fields that are `given`; None when there are problems with it."""
        if not isinstance(value, dict):
            self._add(keys, value, "expected a table")
            return None
        before = len(self.problems)
        fields = {field.encode_name: field for field in key_fields(struct)}
        for key, item in value.items():
            if key in fields:
                given[fields[key].name] = self._field(fields[key].type, item, (*keys, key))
            else:
                self._add((*keys, key), item, _no_such_key(key, fields))
        if len(self.problems) > before:
            return None
        table = struct(**given)
        for fault in table.faults():
            self._add((*keys, *fault.keys), fault.value, fault.expected)
        return table if len(self.problems) == before else None

    def _field(self, annotation: Any, value: object, keys: tuple[str | int, ...]) -> object:
        """A field's value; anything when it has problems."""
        kind, *notes = get_args(annotation)
        key = next(note for note in notes if isinstance(note, Key))
        table = table_type(annotation)
        if isinstance(key, NamedTables):
            return self._named_tables(table, key, value, keys)
        if table is not None and get_origin(kind) is tuple:
            return self._tables(table, key, value, keys)
        if table is not None:
            return self.read(table, value, *keys)
        return self._leaf(annotation, key, value, keys)

    def _named_tables(
        self, table: Any, key: NamedTables, value: object, keys: tuple[str | int, ...]
    ) -> object:
        if not isinstance(value, dict):
            self._add(keys, value, f"expected {key.expected}")
            return ()
        for name in value:
            if not re.match(key.pattern, name):
                self._add((*keys, name), None, f"expected {key.expected_name}")
        return tuple(self.read(table, value[name], *keys, name, name=name) for name in value)

    def _tables(self, table: Any, key: Key, value: object, keys: tuple[str | int, ...]) -> object:
        if not isinstance(value, list):
            self._add(keys, value, f"expected {key.expected}")
            return ()
        return tuple(self.read(table, item, *keys, index) for index, item in enumerate(value))

    def _leaf(self, annotation: Any, key: Key, value: object, keys: tuple[str | int, ...]) -> object:
        parser = next((self._parsers[kind] for kind in _kinds(annotation) if kind in self._parsers), None)
        try:
            if parser is None:
                return msgspec.convert(value, annotation)
            if get_origin(get_args(annotation)[0]) is tuple:
                return tuple(map(parser, msgspec.convert(value, list[str])))
            if isinstance(value, str):
                return parser(value)
        except (ValueError, TypeError):
            pass
        self._add(keys, value, f"expected {key.expected}")
        return None

    def _add(self, keys: Iterable[str | int], value: object, expected: str) -> None:
        self.problems.append(Problem(self._file, key_path(keys), shown(value), expected))


def key_fields(struct: type[Table]) -> list[msgspec.structs.FieldInfo]:
    """The fields of a struct that are keys of the file."""
    return [
        field
        for field in msgspec.structs.fields(struct)
        if any(isinstance(note, Key) for note in getattr(field.type, "__metadata__", ()))
    ]


def key_of(field: msgspec.structs.FieldInfo) -> Key:
    """What a field of `key_fields` says of its key."""
    return next(note for note in field.type.__metadata__ if isinstance(note, Key))


def table_type(annotation: Any) -> type[Table] | None:
    """The struct of a field that holds a table or several; None where it holds none."""
    return next((kind for kind in _kinds(annotation) if issubclass(kind, Table)), None)


def _kinds(annotation: Any) -> Iterator[type]:
    """The plain types that an annotation is made of."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif origin in (tuple, Union, types.UnionType):
        for argument in get_args(annotation):
            yield from _kinds(argument)
    elif isinstance(annotation, type):
        yield annotation


def key_path(keys: Iterable[str | int]) -> str:
    """A path as TOML spells it, with the numbers of an array's tables in brackets, from 0."""
    path = ""
    for key in keys:
        if isinstance(key, int):
            path += f"[{key}]"
        else:
            quoted = key if _BARE_KEY.match(key) else _printable(key)
            path += f".{quoted}" if path else quoted
    return path


def shown(value: object) -> str:
    """A value of the file on one line, cut where it is long; nothing for None."""
    if value is None:
        return ""
    text = _printable(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _printable(value: object) -> str:
    """A value as JSON without anything that moves a terminal's cursor."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)


def _no_such_key(key: str, keys: Iterable[str]) -> str:
    if close := difflib.get_close_matches(key, keys, 1):
        return f'expected no such key: did you mean "{close[0]}"?'
    return f"expected no such key, but {', '.join(sorted(keys))}"


def repeated(values: Sequence[Value]) -> Iterator[tuple[int, Value]]:
    """Each value that was there before, with its index."""
    seen: set[Value] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield index, value
        seen.add(value)
