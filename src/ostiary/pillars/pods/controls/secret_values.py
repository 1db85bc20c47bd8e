"""Controls about secrets that stand where more people can read them than a Secret lets.

Values are compared by keyed digest: a plaintext twin is an environment value, argument or ConfigMap entry that is equal to a value of a Secret that
the World holds. A password inside a longer text is not found that way; short common values can be equal by accident.
"""

import re
from collections.abc import Iterator

from ostiary.model.finding import Severity
from ostiary.pillars.pods.controls.case import Case
from ostiary.pillars.pods.controls.control import Cel, Control, Violation
from ostiary.pillars.pods.controls.sources import NIST_CLEAR_TEXT, NSA_SECRETS, cis

_CREDENTIAL = "(^|_)(PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIALS?)$"
CREDENTIAL = re.compile(_CREDENTIAL)


def _in_env(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        for i, env in enumerate(place.container.env):
            if env.value_from is not None and env.value_from.secret_key_ref is not None:
                yield Violation(f"{place.path}.env[{i}].valueFrom.secretKeyRef", env.name)


SECRET_IN_ENV = Control(
    code="POD-115",
    title="secret in an environment variable",
    severity=Severity.LOW,
    sources=(cis("5.4.1"), NSA_SECRETS),
    rationale="The environment goes to every child process, into crash reports and logs, and is not renewed when the Secret is.",
    fix="mount the Secret as files and have the program read them",
    violations=_in_env,
    cel=Cel.of_container("c.?env.orValue([]).exists(e, has(e.valueFrom) && has(e.valueFrom.secretKeyRef))"),
)


def _whole_in_env(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        for i, every in enumerate(place.container.env_from):
            if every.secret_ref is not None:
                yield Violation(f"{place.path}.envFrom[{i}].secretRef", every.secret_ref.name)


WHOLE_SECRET_IN_ENV = Control(
    code="POD-116",
    title="whole Secret in the environment",
    severity=Severity.MEDIUM,
    sources=(cis("5.4.1"), NSA_SECRETS),
    rationale="Keys that somebody adds to the Secret later become variables of this process, whatever their names do to it.",
    fix="mount the keys that are needed as files",
    violations=_whole_in_env,
    cel=Cel.of_container("c.?envFrom.orValue([]).exists(e, has(e.secretRef))"),
)


def _twins_in_env(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        for i, env in enumerate(place.container.env):
            twin = case.around.twin(env.value)
            if twin:
                yield Violation(f"{place.path}.env[{i}].value", f"{env.name} is equal to {twin}")


TWIN_IN_ENV = Control(
    code="POD-117",
    title="a Secret's value in plain environment",
    severity=Severity.HIGH,
    sources=(NSA_SECRETS, NIST_CLEAR_TEXT),
    rationale="Whoever may read pods, or the repository of manifests, reads the secret without any right to Secrets.",
    fix="refer to the Secret instead, and change the value: it has been seen",
    violations=_twins_in_env,
)


def _twins_in_arguments(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        for name, words in (("command", place.container.command), ("args", place.container.args)):
            for i, word in enumerate(words):
                twin = case.around.twin(word)
                if twin:
                    yield Violation(f"{place.path}.{name}[{i}]", f"is equal to {twin}")


TWIN_IN_ARGUMENTS = Control(
    code="POD-118",
    title="a Secret's value in a command line",
    severity=Severity.HIGH,
    sources=(NSA_SECRETS, NIST_CLEAR_TEXT),
    rationale="Command lines stand in the pod, in process lists and in logs of the node.",
    fix="pass the value as a file, and change it: it has been seen",
    violations=_twins_in_arguments,
)


def config_maps_used(case: Case) -> Iterator[tuple[str, str]]:
    """Field path and name of every ConfigMap that a pod uses."""
    for i, volume in enumerate(case.spec.volumes):
        if volume.config_map is not None:
            yield f"spec.volumes[{i}].configMap", volume.config_map.name
        for j, source in enumerate(volume.projected.sources if volume.projected else ()):
            if source.config_map is not None:
                yield f"spec.volumes[{i}].projected.sources[{j}].configMap", source.config_map.name
    for place in case.containers:
        for i, env in enumerate(place.container.env):
            if env.value_from is not None and env.value_from.config_map_key_ref is not None:
                yield f"{place.path}.env[{i}].valueFrom.configMapKeyRef", env.value_from.config_map_key_ref.name
        for i, every in enumerate(place.container.env_from):
            if every.config_map_ref is not None:
                yield f"{place.path}.envFrom[{i}].configMapRef", every.config_map_ref.name


def _twins_in_config(case: Case) -> Iterator[Violation]:
    for path, name in config_maps_used(case):
        for repeats in case.around.twin_keys.get((case.namespace, name), ()):
            yield Violation(path, f"ConfigMap {name}: {repeats}")


TWIN_IN_CONFIG = Control(
    code="POD-119",
    title="a Secret's value in a ConfigMap",
    severity=Severity.HIGH,
    sources=(NSA_SECRETS, NIST_CLEAR_TEXT),
    rationale="ConfigMaps are readable by nearly everybody, are not encrypted at rest by default and are printed without a second thought.",
    fix="move the key to a Secret, and change the value: it has been seen",
    violations=_twins_in_config,
)


def _looks_like_credential(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        for i, env in enumerate(place.container.env):
            if env.value is not None and CREDENTIAL.search(env.name.upper()):
                yield Violation(f"{place.path}.env[{i}].value", f"{env.name} is written out")


CREDENTIAL_IN_ENV = Control(
    code="POD-120",
    title="variable named like a credential with its value written out",
    severity=Severity.MEDIUM,
    sources=(NSA_SECRETS, NIST_CLEAR_TEXT),
    rationale="Its name says that it is a secret; its value stands in the manifest for everybody who may read pods.",
    fix="put the value into a Secret and mount it as a file; change it if it is real",
    violations=_looks_like_credential,
    cel=Cel.of_container(
        f"c.?env.orValue([]).exists(e, e.?value.orValue('') != '' && e.name.upperAscii().matches('{_CREDENTIAL}'))"
    ),
)
