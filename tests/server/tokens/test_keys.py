"""Keys: sealed so that the database alone signs nothing, published without their private parts, told apart by id."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from ostiary.core.errors import BadInput
from ostiary.server.tokens.keys import ALGORITHMS, generate, public_set, seal, sealing_key, sign, unseal

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k"}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
def test_a_verifier_with_the_published_set_accepts_a_token(algorithm: str) -> None:
    keys = [generate(algorithm, NOW), generate(algorithm, NOW)]
    published = KeySet.import_key_set(public_set(keys))  # type: ignore[arg-type]  # plain JSON
    for key in keys:
        token = jwt.decode(sign(key, {"sub": "x"}), published, algorithms=[algorithm])
        assert token.claims == {"sub": "x"}
        assert token.header["kid"] == key.kid


def test_a_token_of_a_key_that_is_not_published_is_refused() -> None:
    stranger, ours = generate("ES256", NOW), generate("ES256", NOW)
    published = KeySet.import_key_set(public_set([ours]))  # type: ignore[arg-type]
    with pytest.raises((JoseError, ValueError)):
        jwt.decode(sign(stranger, {"sub": "x"}), published, algorithms=["ES256"])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_no_private_part_is_published(algorithm: str) -> None:
    published = KeySet.import_key_set(public_set([generate(algorithm, NOW)])).keys[0].as_dict()  # type: ignore[arg-type]
    assert not PRIVATE & set(published)
    assert (published["use"], published["alg"]) == ("sig", algorithm)


def test_no_repr_shows_a_key() -> None:
    key = generate("ES256", NOW)
    private = key.key.as_dict(private=True)["d"]
    assert str(private) not in repr(key) + repr(seal(key, bytes(32)))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_sealed_key_comes_back_whole(algorithm: str) -> None:
    key = generate(algorithm, NOW)
    again = unseal(seal(key, bytes(32)), bytes(32))
    assert again.key.as_dict(private=True) == key.key.as_dict(private=True)
    assert (again.slot, again.algorithm) == (key.slot, key.algorithm)


def test_what_is_stored_holds_no_private_part() -> None:
    key = generate("EdDSA", NOW)
    assert str(key.key.as_dict(private=True)["d"]).encode() not in seal(key, bytes(32)).private


@pytest.mark.parametrize("change", [{"kid": "other"}, {"algorithm": "EdDSA"}, {"private": b"short"}, {"private": bytes(80)}])
def test_a_changed_row_is_refused(change: dict[str, object]) -> None:
    row = replace(seal(generate("ES256", NOW), bytes(32)), **change)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="sealed by another key, or was changed"):
        unseal(row, bytes(32))


def test_another_sealing_key_opens_nothing() -> None:
    with pytest.raises(BadInput, match="sealed by another key"):
        unseal(seal(generate("ES256", NOW), bytes(32)), b"\1" * 32)


def test_the_sealing_key_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "sealing.key"
    first = sealing_key(path)
    assert sealing_key(path) == first
    assert len(first) == 32
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_sealing_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sealing.key"
    sealing_key(path)
    path.chmod(0o640)
    with pytest.raises(BadInput, match="can be read by others"):
        sealing_key(path)


@pytest.mark.parametrize("content", ["", "not hex", "ab" * 31, "ab" * 33])
def test_a_damaged_sealing_key_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "sealing.key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(BadInput, match="holds no sealing key"):
        sealing_key(path)


def test_no_other_algorithm() -> None:
    with pytest.raises(BadInput, match="not signed by 'none'"):
        generate("none", NOW)
