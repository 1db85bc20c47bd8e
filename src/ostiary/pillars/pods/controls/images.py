"""Controls about images: whether what was looked at is what will run.

An image is read as the container runtime reads it: ``[registry/]path[:tag][@digest]``; the first part is a registry if it has a dot or a colon or is
``localhost``. Source: the reference grammar of the OCI distribution specification.

>>> bool(FLOATING.search("registry:5000/app")), bool(FLOATING.search("app:1.2"))
(True, False)
"""

import re
from collections.abc import Iterator

from ostiary.model.finding import Severity
from ostiary.pillars.pods.controls.case import Case, Place
from ostiary.pillars.pods.controls.control import Cel, Control, Violation
from ostiary.pillars.pods.controls.sources import NIST_STALE, NIST_UNTRUSTED, NSA_IMAGES, cis, k8s

IMAGES_PAGE = k8s("concepts/containers/images/")

_DIGEST = "@[a-z0-9+._-]+:[0-9a-fA-F]{32,}$"
_FLOATING = "(:latest|(^|/)[^:/]*)$"
_REGISTRY = "^(localhost|[^/]*[.:][^/]*)/"
DIGEST, FLOATING, REGISTRY = re.compile(_DIGEST), re.compile(_FLOATING), re.compile(_REGISTRY)
REGISTRIES = "$registries"  # stands for the list of trusted registries in CEL

_CEL_PINNED = f"c.image.matches('{_DIGEST}')"


def _pinned(place: Place) -> bool:
    return DIGEST.search(place.container.image) is not None


def _floating(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        if not _pinned(place) and FLOATING.search(place.container.image):
            yield Violation(f"{place.path}.image", f"{place.container.image} is whatever was pushed last")


FLOATING_TAG = Control(
    code="POD-101",
    title="image by the tag latest, or by none",
    severity=Severity.MEDIUM,
    sources=(NSA_IMAGES, NIST_STALE),
    rationale="What runs after the next restart may be something that nobody looked at, and two replicas may differ.",
    fix="name a version and, better, the digest",
    violations=_floating,
    cel=Cel.of_container(f"!{_CEL_PINNED} && c.image.matches('{_FLOATING}')"),
)


def _no_digest(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        if not _pinned(place):
            yield Violation(f"{place.path}.image", f"{place.container.image} has no digest")


NO_DIGEST = Control(
    code="POD-102",
    title="image not pinned by its digest",
    severity=Severity.LOW,
    sources=(NSA_IMAGES, NIST_UNTRUSTED, IMAGES_PAGE),
    rationale="A tag can be moved by whoever can push; a digest cannot.",
    fix="add @sha256:... to the image",
    violations=_no_digest,
    cel=Cel.of_container(f"!{_CEL_PINNED}"),
)


def _pull_policy(place: Place) -> str:
    """As the API server fills it in when it is not said."""
    said = place.container.image_pull_policy
    if said:
        return said
    return "Always" if FLOATING.search(place.container.image) and not _pinned(place) else "IfNotPresent"


def _stale(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        if not _pinned(place) and _pull_policy(place) != "Always":
            yield Violation(f"{place.path}.imagePullPolicy", f"{_pull_policy(place)} with the movable {place.container.image}")


STALE_PULL = Control(
    code="POD-103",
    title="image that can move, taken from the node without asking the registry",
    severity=Severity.LOW,
    sources=(NIST_STALE, k8s("reference/access-authn-authz/admission-controllers/#alwayspullimages")),
    rationale="A node may hold an older image of that tag, or one that this namespace has no credentials for.",
    fix="pin the digest, or set imagePullPolicy: Always",
    violations=_stale,
    cel=Cel.of_container(f"!{_CEL_PINNED} && c.imagePullPolicy != 'Always'"),
)


def _implied_registry(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        if not REGISTRY.search(place.container.image):
            yield Violation(f"{place.path}.image", f"{place.container.image} names no registry")


IMPLIED_REGISTRY = Control(
    code="POD-104",
    title="image without a registry",
    severity=Severity.LOW,
    sources=(NIST_UNTRUSTED, IMAGES_PAGE),
    rationale="Each node decides where such a name leads, usually to a public registry where anybody can publish.",
    fix="write the registry: registry.example.com/team/app",
    violations=_implied_registry,
    cel=Cel.of_container(f"!c.image.matches('{_REGISTRY}')"),
)


def _untrusted(case: Case) -> Iterator[Violation]:
    trusted = case.around.settings.registries
    if not trusted:
        return
    for place in case.containers:
        if not place.container.image.startswith(trusted):
            yield Violation(f"{place.path}.image", f"{place.container.image} is from none of {', '.join(trusted)}")


UNTRUSTED_REGISTRY = Control(
    code="POD-105",
    title="image from a registry that is not trusted",
    severity=Severity.HIGH,
    sources=(cis("5.5.1"), NSA_IMAGES, NIST_UNTRUSTED),
    rationale="An image from anywhere is code from anybody. Judged only when trusted registries are named.",
    fix="copy the image to a registry of your own, or have the registry added to those that are trusted",
    violations=_untrusted,
    cel=Cel.of_container(f"!{REGISTRIES}.exists(r, c.image.startsWith(r))"),
)


def _image_volumes(case: Case) -> Iterator[Violation]:
    for i, volume in enumerate(case.spec.volumes):
        if volume.image is not None and not DIGEST.search(volume.image.reference):
            yield Violation(f"spec.volumes[{i}].image.reference", f"{volume.image.reference} has no digest")


IMAGE_VOLUME = Control(
    code="POD-106",
    title="image volume not pinned by its digest",
    severity=Severity.LOW,
    sources=(NIST_UNTRUSTED, k8s("tasks/configure-pod-container/image-volumes/")),
    rationale="The files of an image volume are code or data of whoever can push its tag.",
    fix="add @sha256:... to the reference",
    violations=_image_volumes,
    cel=Cel.of_volume(f"has(v.image) && !v.image.?reference.orValue('').matches('{_DIGEST}')"),
)
