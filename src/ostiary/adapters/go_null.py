"""What a null in JSON means to the API server: nothing was said. In a map of texts it is the empty text, under its key.

Source: ``encoding/json`` in Go: null leaves a field as it is, and is the zero value as an element of a map.

>>> without_nulls({"spec": {"hostPath": None, "labels": {"a": None}}})
{'spec': {'labels': {'a': ''}}}
"""

from typing import Any

# Fields of Kubernetes objects that are maps of texts. ``selector`` is one in Services and ReplicationControllers, a LabelSelector elsewhere.
_TEXT_MAPS = frozenset({"labels", "annotations", "matchLabels", "nodeSelector", "data", "binaryData", "stringData", "selector"})
_SELECTOR_FIELDS = frozenset({"matchLabels", "matchExpressions"})


def without_nulls(value: Any, field: str = "") -> Any:
    """The same value, read as Go reads it. A null in an array stays: no type of the model has a place for it."""
    if isinstance(value, dict):
        if field in _TEXT_MAPS and not _SELECTOR_FIELDS & value.keys():
            return {key: "" if item is None else item for key, item in value.items()}
        return {key: without_nulls(item, key) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value
