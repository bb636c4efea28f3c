"""JSON Web Tokens of one issuer (OIDC), beside API keys. Off where no issuer is set."""

from dataclasses import dataclass
from typing import Any, Final

import jwt

from clipforge_contracts import ids
from clipforge_gateway.jwks import KeySet
from clipforge_gateway.problems import UNAUTHENTICATED, Problem
from clipforge_gateway.settings import Settings

# Signatures by a key pair only: whoever can check a token of a shared secret can make one, too.
ALLOWED: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"})
LONGEST: Final = 8 * 1024  # characters
PARTS: Final = 3
REFUSED: Final = "This token is not valid here: {}."


@dataclass(frozen=True)
class Bearer:
    """Whom a token speaks for, and until when (seconds since 1970)."""

    tenant_id: str
    role: str
    expires: float


def is_token(text: str) -> bool:
    """Whether this can only be a token; no API key of ours has a dot."""
    return text.count(".") == PARTS - 1


class Tokens:
    """Reads tokens."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._keys = KeySet(settings.oidc_issuer, settings.oidc_jwks_url)

    async def read(self, token: str) -> Bearer:
        """Whom it speaks for. A Problem where it is none of our issuer's, for us and in time."""
        if len(token) > LONGEST:
            raise _refused(f"it has more than {LONGEST} characters")
        try:
            head = jwt.get_unverified_header(token)
        except jwt.PyJWTError as error:
            raise _refused("it cannot be read") from error
        algorithm, kid = head.get("alg"), head.get("kid")
        if algorithm not in ALLOWED & set(self._settings.algorithms):
            raise _refused("its algorithm is not allowed")
        if not isinstance(kid, str):
            raise _refused("it names no key (`kid`)")
        key = await self._keys.find(kid)
        if key is None:
            raise _refused("its key is none of the issuer's")
        return self._bearer(self._checked(token, key, algorithm))

    def _checked(self, token: str, key: dict[str, Any], algorithm: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                jwt.PyJWK(key, algorithm=algorithm),
                algorithms=[algorithm],
                audience=self._settings.oidc_audience,
                issuer=self._settings.oidc_issuer,
                leeway=self._settings.oidc_leeway_seconds,
                options={"require": ["exp", "iss", "aud"]},
            )
        except jwt.PyJWTError as error:
            raise _refused(str(error).rstrip(".").lower()) from error
        return claims

    def _bearer(self, claims: dict[str, Any]) -> Bearer:
        tenant = claims.get(self._settings.oidc_tenant_claim)
        if not isinstance(tenant, str) or not ids.is_id(tenant, "ten"):
            raise _refused(f"its claim `{self._settings.oidc_tenant_claim}` names no tenant")
        said = claims.get(self._settings.oidc_role_claim)
        roles = said if isinstance(said, list) else [said]
        return Bearer(tenant, "admin" if "admin" in roles else "user", float(claims["exp"]))


def _refused(why: str) -> Problem:
    return Problem(UNAUTHENTICATED, REFUSED.format(why))
