"""The JSON of sign-on's part of the API: what a request may say and an answer says. Fields that are not known are refused."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Word = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Opaque = Annotated[str, StringConstraints(min_length=1, max_length=8192)]


class Document(BaseModel):
    """What all of them share: nothing unknown, nothing guessed from another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Provider(Document):
    """A way in: an OpenID Connect provider, or the built-in sign-on."""

    name: str
    builtin: bool


class Methods(Document):
    """Every way in, the preferred one first."""

    providers: list[Provider]


class BrowserRequest(Document):
    """Begin a sign-in in a browser, which comes back to a loopback port."""

    provider: Word
    redirect_uri: Word


class BrowserStarted(Document):
    """Where to send the browser; the secret ends the sign-in, the state has to come back."""

    secret: str
    url: str
    state: str


class BrowserFinish(Document):
    """What came back from the browser. ``issuer`` is its parameter ``iss``."""

    secret: Opaque
    code: Opaque
    state: Opaque
    issuer: Opaque | None = None


class DeviceRequest(Document):
    """Begin a sign-in by a device code."""

    provider: Word


class DeviceStarted(Document):
    """What the person types, and where."""

    secret: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    interval: int
    ends_at: datetime


class DevicePoll(Document):
    """Ask whether the person has decided."""

    secret: Opaque


class PasswordRequest(Document):
    """Sign in by the built-in sign-on."""

    person: Word
    password: Annotated[str, StringConstraints(min_length=1, max_length=512)]


class SessionMade(Document):
    """A new session. The secret is shown here and never again."""

    secret: str
    session: str
    person: str
    groups: list[str]
    way: str
    ends_at: datetime


class DeviceAnswer(Document):
    """A session, or nothing yet and how many seconds to wait before asking again."""

    made: SessionMade | None = None
    interval: int = 0


class WhoAmI(Document):
    """The caller."""

    person: str
    groups: list[str]
    administrator: bool
    session: str
    way: str
    started_at: datetime
    ends_at: datetime


class Token(Document):
    """A token for one cluster."""

    cluster: str
    token: str
    ends_at: datetime


class KubeconfigFacts(Document):
    """What a kubeconfig needs: the gateway's address, the authority of its certificates (PEM), and the clusters behind it.

    The server name for TLS is ``<cluster>.<domain>``.
    """

    server: str
    certificate_authority: str
    domain: str
    clusters: list[str]


class AccountRequest(Document):
    """Make an account of the built-in sign-on; its password is made up."""

    person: Word
    administrator: bool = False


class AccountMade(Document):
    """An account's new password, shown here and never again."""

    person: str
    password: str


class PasswordChange(Document):
    """Change one's own password."""

    current: Annotated[str, StringConstraints(min_length=1, max_length=512)]
    new: Annotated[str, StringConstraints(min_length=1, max_length=512)]


class AccountShown(Document):
    """An account."""

    person: str
    administrator: bool
    disabled: bool
    passkeys: int = Field(ge=0)
    created_at: datetime


class AccountList(Document):
    """Every account."""

    accounts: list[AccountShown]
