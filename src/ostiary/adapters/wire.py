"""Objects that travel in another form than the model keeps: Secrets, whose values come twice (``data`` in base64, ``stringData`` as text).

``stringData`` wins, as when the API server stores the object. A value that is null is the empty text.
"""

from collections.abc import Callable
from typing import Any

from msgspec import field

from ostiary.adapters.seals import SealedBase64
from ostiary.model.basics import ConfigMap, Secret
from ostiary.model.meta import Meta
from ostiary.model.sealed import Sealed
from ostiary.model.value import Value


class WireSecret(Value, frozen=True, kw_only=True):
    """core/v1 Secret."""

    metadata: Meta = Meta()
    type: str = ""
    immutable: bool | None = None
    data: dict[str, SealedBase64] = field(default_factory=dict)
    string_data: dict[str, Sealed] = field(default_factory=dict)

    def read(self) -> Secret:
        """The model's Secret."""
        data: dict[str, Sealed | None] = {key: Sealed.trusted(value.digest) for key, value in self.data.items()}
        return Secret(
            metadata=self.metadata, type=self.type or "Opaque", immutable=self.immutable, data={**data, **self.string_data}
        )


class WireConfigMap(Value, frozen=True, kw_only=True):
    """core/v1 ConfigMap."""

    metadata: Meta = Meta()
    immutable: bool | None = None
    data: dict[str, Sealed] = field(default_factory=dict)
    binary_data: dict[str, SealedBase64] = field(default_factory=dict)

    def read(self) -> ConfigMap:
        """The model's ConfigMap."""
        binary: dict[str, Sealed | None] = {key: Sealed.trusted(value.digest) for key, value in self.binary_data.items()}
        return ConfigMap(metadata=self.metadata, immutable=self.immutable, data={**self.data}, binary_data=binary)


WIRE: dict[type, tuple[type, Callable[[Any], Value]]] = {
    Secret: (WireSecret, WireSecret.read),
    ConfigMap: (WireConfigMap, WireConfigMap.read),
}
