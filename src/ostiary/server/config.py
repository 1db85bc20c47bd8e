"""The configuration of the control plane and its gateway: one frozen tree, of which every value knows where it comes from.

A flag wins over the environment, the environment over the file, the file over the default. A key that nobody knows is refused in each of them, with the
one that was probably meant. In the environment ``api.port`` is ``OSTIARY_SERVER_API_PORT``; as a flag, ``--set api.port=8440``. Lists are written with
commas there. A password stands in the file or the environment, never in a flag, which everybody on the machine can read.

>>> read(None, {"OSTIARY_SERVER_API_PORT": "9000"}, {}).origins["api.port"]
'environment OSTIARY_SERVER_API_PORT'
"""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import yaml

from ostiary.adapters.decode import Unreadable
from ostiary.adapters.manifests import yaml_reader
from ostiary.adapters.mistakes import line_of, mistakes
from ostiary.core.errors import BadInput
from ostiary.server.settings import Settings

PREFIX = "OSTIARY_SERVER_"
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings, and where each of them comes from: dotted key to origin."""

    settings: Settings
    origins: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Said:
    value: Any
    origin: str


def read(path: Path | None, environment: Mapping[str, str], flags: Mapping[str, str]) -> Configuration:
    """Read all three. BadInput names every key that is unknown and every value that does not fit."""
    leaves = dict(_leaves(Settings, ()))
    said: dict[str, _Said] = {}
    if path is not None:
        said |= _from_file(path, leaves)
    said |= _from_environment(environment, leaves)
    said |= _from_flags(flags, leaves)
    settings = _build(said)
    return Configuration(settings, {key: said[key].origin if key in said else DEFAULT for key in leaves})


def _leaves(of: type, above: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for field in msgspec.structs.fields(of):
        name = (*above, field.encode_name)
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from _leaves(field.type, name)
        else:
            yield ".".join(name), field.type


def _from_file(path: Path, leaves: Mapping[str, Any]) -> dict[str, _Said]:
    try:
        text = path.read_text("utf-8")
        value = yaml_reader.read(text)
    except (OSError, UnicodeDecodeError, Unreadable) as error:
        raise BadInput(f"cannot read the configuration {path}: {error}", todo="check --config") from None
    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    if value is None or node is None:
        return {}
    if not isinstance(value, dict):
        raise BadInput(f"the configuration {path} holds no keys", todo="see: ostiary config show")
    if found := sorted(mistakes(node, value, Settings)):
        raise BadInput("\n".join(f"{path}:{line}: {what}" for line, what in found), todo="see: ostiary config show")
    return {key: _Said(one, f"{path}:{line}") for key, one, line in _flat(node, value, (), leaves)}


def _flat(
    node: yaml.Node, value: dict[str, Any], above: tuple[str, ...], leaves: Mapping[str, Any]
) -> Iterator[tuple[str, Any, int]]:
    children = {key.value: child for key, child in node.value}
    for name, one in value.items():
        key = ".".join((*above, name))
        if key in leaves:
            yield key, one, line_of(node, name)
        elif isinstance(one, dict):
            yield from _flat(children[name], one, (*above, name), leaves)


def _from_environment(environment: Mapping[str, str], leaves: Mapping[str, Any]) -> dict[str, _Said]:
    names = {variable(key): key for key in leaves}
    given = {name: text for name, text in environment.items() if name.startswith(PREFIX)}
    for name in sorted(given.keys() - names.keys()):
        raise BadInput(
            f"nothing is configured by {name} in the environment{_meant(name, names)}", todo="see: ostiary config show"
        )
    return {names[name]: _Said(_words(text, leaves[names[name]], name), f"environment {name}") for name, text in given.items()}


def _from_flags(flags: Mapping[str, str], leaves: Mapping[str, Any]) -> dict[str, _Said]:
    for key in sorted(flags.keys() - leaves.keys()):
        raise BadInput(f"there is no setting {key!r}{_meant(key, leaves)}", todo="see: ostiary config show")
    if "database" in flags and _password(flags["database"]):
        raise BadInput(
            "a password in a flag can be read by everybody on this machine",
            todo=f"put the database's URL into the configuration file or {variable('database')}",
        )
    return {key: _Said(_words(text, leaves[key], key), "flag") for key, text in flags.items()}


def _words(text: str, of: Any, name: str) -> Any:
    wanted = msgspec.inspect.type_info(of)
    if isinstance(wanted, msgspec.inspect.VarTupleType):
        if not isinstance(wanted.item_type, msgspec.inspect.StrType):
            raise BadInput(f"{name} is too much for one line", todo="put it into the configuration file")
        return [one.strip() for one in text.split(",") if one.strip()]
    try:
        return msgspec.convert(text, of, strict=False)
    except msgspec.ValidationError as error:
        raise BadInput(f"{name}: {error}", todo="see: ostiary config show") from None


def _build(said: Mapping[str, _Said]) -> Settings:
    nested: dict[str, Any] = {}
    for key, one in said.items():
        *above, name = key.split(".")
        place = nested
        for step in above:
            place = place.setdefault(step, {})
        place[name] = one.value
    try:
        return msgspec.convert(nested, Settings).checked()
    except msgspec.ValidationError as error:
        raise BadInput(f"the configuration cannot be: {error}", todo="see: ostiary config show --origin") from None


def shown(configuration: Configuration) -> dict[str, Any]:
    """Every key with its value, fit to be shown: a password in a URL is not, nor is the secret of a provider."""
    plain = msgspec.to_builtins(configuration.settings)
    values: dict[str, Any] = {}
    for key in configuration.origins:
        value = plain
        for step in key.split("."):
            value = value[step]
        values[key] = _masked(key, value)
    return values


def _masked(key: str, value: Any) -> Any:
    if key == "database" and (secret := _password(value)):
        return value.replace(f":{secret}@", ":***@")
    if isinstance(value, dict):
        return {name: "***" if name.endswith("secret") and one else _masked("", one) for name, one in value.items()}
    return [_masked("", one) for one in value] if isinstance(value, list | tuple) else value


def variable(key: str) -> str:
    """The name of a setting in the environment."""
    return PREFIX + key.upper().replace(".", "_")


def _password(url: str) -> str:
    before, at, _ = url.partition("://")[2].rpartition("@")
    return before.partition(":")[2] if at else ""


def _meant(written: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(written, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
