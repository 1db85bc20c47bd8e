"""The few shapes that every part of Envoy's configuration is wrapped in, and its one encoding.

>>> typed("envoy.config.rbac.v3.Action", {"name": "a"})
{'@type': 'type.googleapis.com/envoy.config.rbac.v3.Action', 'name': 'a'}
"""

from collections.abc import Sequence
from typing import Any

import msgspec

Config = dict[str, Any]


def typed(name: str, config: Config) -> Config:
    """A message that says its own type (``google.protobuf.Any``)."""
    return {"@type": f"type.googleapis.com/{name}", **config}


def ecds(name: str, config: Config) -> Config:
    """A filter's configuration as the one resource of a file."""
    resource = {"name": name, "typed_config": config}
    return discovery([typed("envoy.config.core.v3.TypedExtensionConfig", resource)])


def discovery(resources: Sequence[Config]) -> Config:
    """A file of resources, as Envoy reads one (``DiscoveryResponse``)."""
    return {"resources": list(resources)}


def source(directory: str, file: str) -> Config:
    """Where a resource comes from: a file that is replaced as a whole, by rename within the same directory."""
    return {"path_config_source": {"path": f"{directory}/{file}"}, "resource_api_version": "V3"}


def compact(value: object) -> str:
    """JSON without blanks, keys in order: equal configurations are equal texts."""
    return msgspec.json.encode(value, order="sorted").decode()
