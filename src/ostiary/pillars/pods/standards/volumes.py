"""The control about volume sources: a list of the allowed, so that a source unknown today is refused tomorrow.

A volume that names no source is an emptyDir: the API server makes it one (``hostPath: null`` included, for null is absent).
"""

from ostiary.model.levels import Level
from ostiary.model.pods import Volume
from ostiary.pillars.pods.standards.control import Control, Variant
from ostiary.pillars.pods.standards.posture import Posture
from ostiary.pillars.pods.standards.violation import Violation
from ostiary.pillars.pods.standards.wording import plural, quoted

_ALLOWED = (
    *("config_map", "csi", "downward_api", "empty_dir", "ephemeral", "image"),
    *("persistent_volume_claim", "projected", "secret"),
)
_NAMES = dict(zip(Volume.__struct_fields__, Volume.__struct_encode_fields__, strict=True))
_RESTRICTED = tuple(field for field in Volume.__struct_fields__ if field not in (*_ALLOWED, "name"))


def restricted_source(volume: Volume) -> str:
    """The source that ``restricted`` refuses, as the API names it; empty when there is none."""
    allowed = (
        volume.config_map is not None
        or volume.secret is not None
        or volume.projected is not None
        or volume.empty_dir is not None
        or volume.persistent_volume_claim is not None
        or volume.downward_api is not None
        or volume.csi is not None
        or volume.ephemeral is not None
        or volume.image is not None
    )
    if allowed:
        return ""
    return next((_NAMES[field] for field in _RESTRICTED if getattr(volume, field) is not None), "")


def _restricted_volumes(posture: Posture) -> Violation | None:
    volumes = posture.spec.volumes
    if not volumes:
        return None
    bad = [(i, source) for i, volume in enumerate(volumes) if (source := restricted_source(volume))]
    if not bad:
        return None
    sources = sorted({source for _, source in bad})
    return Violation(
        "restrictedVolumes",
        "restricted volume types",
        f"{plural('volume', bad)} {quoted(volumes[i].name for i, _ in bad)} {'uses' if len(bad) == 1 else 'use'} "
        f"{plural('restricted volume type', sources)} {quoted(sources)}",
        tuple(f"spec.volumes[{i}].{source}" for i, source in bad),
        "use a PersistentVolumeClaim or another allowed source",
    )


RESTRICTED_VOLUMES = Control(
    "restrictedVolumes",
    Level.RESTRICTED,
    "volumes only from sources that open neither the node nor the network",
    "check_restrictedVolumes.go",
    (Variant(0, _restricted_volumes, overrides=("hostPathVolumes",)),),
)
