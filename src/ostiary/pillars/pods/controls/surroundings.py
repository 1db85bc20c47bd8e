"""What a pod's controls have to know of the rest of the cluster: accounts and their bindings, secrets and their twins, what is behind claims.

Made once from a World. A digest that a Secret holds and that stands in an environment value, an argument or a ConfigMap too is a plaintext twin.
Keys of Secrets that usually hold no secret (user names, hosts, certificates) are left out: their values are public and common. So are values that stand
in plain text under many different names: they are words such as ``true``, or nothing at all.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ostiary.model.basics import ServiceAccount
from ostiary.model.pods import PodSpec
from ostiary.model.sealed import Sealed
from ostiary.model.world import World

Named = tuple[str, str]  # namespace, name

PUBLIC_KEYS = frozenset(
    (
        *("username", "user", "login", "email", "host", "hostname", "address", "server", "port", "database", "dbname", "db"),
        *("ca.crt", "tls.crt", "ca.pem", "cert.pem", "cert", "namespace", "type", "name", "region", "enabled", "engine", "url"),
    )
)
COMMON = 4  # names under which a value stands in plain text before it counts as a common word
LEGACY_TOKEN = "kubernetes.io/service-account-token"  # noqa: S105 - the type of a Secret, not one
SERVICE_ACCOUNT_USER = "system:serviceaccount:"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the organisation says: ``registries`` are prefixes of images that it trusts, each up to a slash; none said, none judged."""

    registries: tuple[str, ...] = ()


NO_SETTINGS = Settings()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The rest of the cluster, by name. The empty one is that of a pod of which nothing else is known."""

    settings: Settings = NO_SETTINGS
    accounts: Mapping[Named, ServiceAccount] = field(default_factory=dict)
    bound: frozenset[Named] = frozenset()  # service accounts that some binding names
    bindings_seen: bool = False
    legacy_tokens: frozenset[Named] = frozenset()  # Secrets that hold a token without end
    secret_values: Mapping[str, str] = field(default_factory=dict)  # digest -> which key of which Secret
    twin_keys: Mapping[Named, tuple[str, ...]] = field(default_factory=dict)  # ConfigMap -> what it repeats
    claimed_paths: Mapping[Named, str] = field(default_factory=dict)  # claim -> directory of the node behind it
    mount_options_seen: bool = False  # some pod here says bindMountOptions, so the server has them

    def account(self, namespace: str, name: str) -> ServiceAccount | None:
        """The service account of that name, if the World holds it."""
        return self.accounts.get((namespace, name))

    def twin(self, sealed: Sealed | None) -> str:
        """Which Secret holds the same value; empty if none is known to."""
        return self.secret_values.get(sealed.digest, "") if sealed is not None else ""


def surroundings(world: World, settings: Settings = NO_SETTINGS) -> Surroundings:
    """Read them off a World."""
    cluster = world.cluster
    values = _secret_values(world)
    return Surroundings(
        settings=settings,
        accounts={(one.metadata.namespace, one.metadata.name): one for one in cluster.service_accounts},
        bound=_bound(world),
        bindings_seen=bool(cluster.role_bindings or cluster.cluster_role_bindings),
        legacy_tokens=frozenset((s.metadata.namespace, s.metadata.name) for s in cluster.secrets if s.type == LEGACY_TOKEN),
        secret_values=values,
        twin_keys=_twin_keys(world, values),
        claimed_paths=_claimed_paths(world),
        mount_options_seen=_mount_options_seen(world),
    )


def _bound(world: World) -> frozenset[Named]:
    found: set[Named] = set()
    for binding in (*world.cluster.role_bindings, *world.cluster.cluster_role_bindings):
        for subject in binding.subjects:
            if subject.kind == "ServiceAccount":
                found.add((subject.namespace or binding.metadata.namespace, subject.name))
            elif subject.kind == "User" and subject.name.startswith(SERVICE_ACCOUNT_USER):
                namespace, _, name = subject.name.removeprefix(SERVICE_ACCOUNT_USER).partition(":")
                found.add((namespace, name))
    return frozenset(found)


def _secret_values(world: World) -> dict[str, str]:
    held = {
        sealed.digest: f"key {key} of Secret {secret.metadata.namespace}/{secret.metadata.name}"
        for secret in world.cluster.secrets
        for key, sealed in secret.data.items()
        if sealed is not None and key.lower() not in PUBLIC_KEYS
    }
    names: dict[str, set[str]] = {}
    for name, digest in _plain_values(world):
        if digest in held:
            names.setdefault(digest, set()).add(name.lower())
    return {digest: where for digest, where in held.items() if len(names.get(digest, ())) < COMMON}


def _plain_values(world: World) -> Iterator[tuple[str, str]]:
    """Name and digest of everything that stands in ConfigMaps and in the environment of templates and pods."""
    for config in world.cluster.config_maps:
        for key, sealed in config.data.items():
            if sealed is not None:
                yield key, sealed.digest
    for spec in _specs(world):
        for container in spec.all_containers():
            for env in container.env:
                if env.value is not None:
                    yield env.name, env.value.digest


def _specs(world: World) -> Iterator[PodSpec]:
    yield from (pod.spec for pod in world.cluster.pods)
    yield from (workload.template.spec for _, workload in world.cluster.workloads())


def _twin_keys(world: World, values: Mapping[str, str]) -> dict[Named, tuple[str, ...]]:
    found = {}
    for config in world.cluster.config_maps:
        twins = tuple(
            f"key {key} repeats {values[sealed.digest]}"
            for key, sealed in sorted({**config.data, **config.binary_data}.items())
            if sealed is not None and sealed.digest in values
        )
        if twins:
            found[config.metadata.namespace, config.metadata.name] = twins
    return found


def _claimed_paths(world: World) -> dict[Named, str]:
    volumes = {one.metadata.name: one.spec for one in world.cluster.persistent_volumes}
    found = {}
    for claim in world.cluster.persistent_volume_claims:
        spec = volumes.get(claim.spec.volume_name)
        if spec is not None and spec.host_path is not None:
            found[claim.metadata.namespace, claim.metadata.name] = spec.host_path.path
    return found


def _mount_options_seen(world: World) -> bool:
    return any(
        mount.bind_mount_options for spec in _specs(world) for one in spec.all_containers() for mount in one.volume_mounts
    )
