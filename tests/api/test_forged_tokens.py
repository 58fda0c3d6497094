"""Forged, stolen and misplaced tokens: each is refused with 401, whatever else the request carries."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import jwt
import pytest
from allauth.headless.tokens.strategies.jwt import internal
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.test import Client

from tests.api.test_auth import ME, Bearer, sign_in
from tests.world import World

FOREIGN = rsa.generate_private_key(public_exponent=65537, key_size=2048)
Forge = Callable[[dict[str, Any], dict[str, Any]], str]


@cache
def key() -> Any:
    return serialization.load_pem_private_key(settings.HEADLESS_JWT_PRIVATE_KEY.encode(), None)


def public() -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key().public_key().public_bytes(serialization.Encoding.PEM, form)


def part(value: Any) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def signed(header: Any, claims: Any, with_key: Any = None) -> str:
    """Signed with our own key, whatever it says: what is refused is refused for its content."""
    text = f"{part(header)}.{part(claims)}"
    algorithm = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256)
    return f"{text}.{part(algorithm.sign(text.encode(), with_key or key()))}"


def hmac(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    text = f"{part(header)}.{part(claims)}"
    algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    return f"{text}.{part(algorithm.sign(text.encode(), secret))}"


def headers(**more: Any) -> Forge:
    return lambda header, claims: signed({**header, **more}, claims)


def claims(**more: Any) -> Forge:
    return lambda header, claims: signed(header, {**claims, **more})


def without(name: str) -> Forge:
    return lambda header, claims: signed(header, {key: value for key, value in claims.items() if key != name})


def doubled(name: str, value: Any) -> Forge:
    def forge(header: dict[str, Any], claims: dict[str, Any]) -> str:
        text = json.dumps(claims)
        return signed(header, (f'{{"{name}": {json.dumps(value)}, ' + text[1:]).encode())

    return forge


def unsigned(algorithm: str) -> Forge:
    return lambda header, claims: f"{part({**header, 'alg': algorithm})}.{part(claims)}."


def with_signature(algorithm: str) -> Forge:
    return lambda header, claims: f"{part({**header, 'alg': algorithm})}.{part(claims)}.{part(b'x' * 256)}"


HOUR = 3600
FORGERIES: dict[str, Forge] = {
    **{f"alg {name}": unsigned(name) for name in ("none", "None", "nOnE", "NONE", "")},
    **{f"alg {name}, some signature": with_signature(name) for name in ("none", "RS256", "HS256", "ES256", "PS256")},
    "HS256 with the public key": lambda h, c: hmac({**h, "alg": "HS256"}, c, public()),
    "HS256 with the public key, stripped": lambda h, c: hmac({**h, "alg": "HS256"}, c, public().strip()),
    "HS256 with an empty key": lambda h, c: hmac({**h, "alg": "HS256"}, c, b""),
    "HS256 with the key of sessions": lambda h, c: hmac({**h, "alg": "HS256"}, c, settings.SECRET_KEY.encode()),
    "RS512": headers(alg="RS512"),
    "alg a list": headers(alg=["RS256"]),
    "alg null": headers(alg=None),
    "no alg": lambda h, c: signed({"typ": "JWT", "kid": h["kid"]}, c),
    "a foreign key": lambda h, c: signed(h, c, FOREIGN),
    "kid of a path": headers(kid="../../../../dev/null"),
    "kid with SQL": headers(kid="' OR 1=1 --"),
    "kid of a URL": headers(kid="https://evil.example/key"),
    "kid empty": headers(kid=""),
    "kid a number": headers(kid=1),
    "no kid": lambda h, c: signed({"typ": "JWT", "alg": "RS256"}, c),
    "jku": headers(jku="https://evil.example/jwks.json"),
    "x5u": headers(x5u="https://evil.example/cert.pem"),
    "x5c": headers(x5c=["MIIB"]),
    "an embedded jwk": headers(jwk={"kty": "RSA", "n": "AQAB", "e": "AQAB"}),
    "crit": headers(crit=["exp"]),
    "crit empty": headers(crit=[]),
    "crit unknown": headers(crit=["b64"], b64=False),
    "cty": headers(cty="JWT"),
    "typ of another kind": headers(typ="at+jwt"),
    "no typ": lambda h, c: signed({"alg": "RS256", "kid": h["kid"]}, c),
    "zip": headers(zip="DEF"),
    "header a list": lambda h, c: signed([h], c),
    "header doubled": lambda h, c: signed(b'{"alg": "none", ' + json.dumps(h).encode()[1:], c),
    "expired": lambda h, c: signed(h, {**c, "exp": int(time.time()) - 1}),
    "expired long ago": claims(exp=1),
    "exp a text": claims(exp="tomorrow"),
    "exp null": claims(exp=None),
    "exp infinite": lambda h, c: signed(h, json.dumps({**c, "exp": float("inf")}).encode()),
    "no exp": without("exp"),
    "nbf in the future": lambda h, c: signed(h, {**c, "nbf": int(time.time()) + HOUR}),
    "iat in the future": lambda h, c: signed(h, {**c, "iat": int(time.time()) + HOUR}),
    "iss of another": claims(iss="https://evil.example"),
    "iss a list": claims(iss=["ansflow"]),
    "no iss": without("iss"),
    "aud of another": claims(aud="other"),
    "aud a list": claims(aud=["ansflow-api", "other"]),
    "no aud": without("aud"),
    "sub a number": lambda h, c: signed(h, {**c, "sub": int(c["sub"])}),
    "sub of another": lambda h, c: signed(h, {**c, "sub": str(int(c["sub"]) + 1)}),
    "sub with a space": lambda h, c: signed(h, {**c, "sub": f" {c['sub']}"}),
    "sub null": claims(sub=None),
    "no sub": without("sub"),
    "sid of nobody": claims(sid="AAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    "sid no Base64": claims(sid="%%%"),
    "sid empty": claims(sid=""),
    "sid a list": claims(sid=[]),
    "no sid": without("sid"),
    "no jti": without("jti"),
    "ver of before": claims(ver=0),
    "ver of later": claims(ver=2),
    "ver a text": claims(ver="1"),
    "ver true": claims(ver=True),
    "no ver": without("ver"),
    "use of another": claims(token_use="refresh"),
    "no use": without("token_use"),
    "a claim more": claims(is_admin=True),
    "sub doubled": doubled("sub", "1"),
    "exp doubled": doubled("exp", 1),
    "claims a list": lambda h, c: signed(h, [c]),
    "claims no JSON": lambda h, c: signed(h, b"\xff\xfe"),
    "claims deep": lambda h, c: signed(h, b"[" * 2000),
    "one mebibyte": lambda h, c: signed(h, {**c, "jti": "x" * 780_000}),
    "four parts": lambda h, c: signed(h, c) + ".x",
    "two parts": lambda h, c: signed(h, c).rpartition(".")[0],
    "signature empty": lambda h, c: signed(h, c).rpartition(".")[0] + ".",
    "signature cut": lambda h, c: signed(h, c)[:-4],
    "padding": lambda h, c: signed(h, c) + "==",
    "signature of other claims": lambda h, c: f"{part(h)}.{part({**c, 'ver': 1, 'x': 1})}.{signed(h, c).split('.')[2]}",
}


def own(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})


def test_what_we_forge_is_good_until_it_is_changed(world: World):
    header, said = own(sign_in()["access"])
    assert Bearer(signed(header, said)).get(ME).status_code == 200


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_access_token_is_refused(world: World, name: str, count: Callable[[str, int], None]):
    token = FORGERIES[name](*own(sign_in()["access"]))
    answer = Bearer(token).get(ME)
    assert answer.status_code == 401 and answer.json()["code"] == "not_authenticated"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert Bearer().post("auth/token/verify/", {"token": token}).status_code == 401
    count("forged tokens refused", 1)


def test_a_forged_refresh_token_is_refused_and_ends_nobodys_session(world: World, count: Callable[[str, int], None]):
    pair = sign_in()
    for name, forge in FORGERIES.items():
        header, said = own(pair["refresh"])
        if name not in {"no iss", "no aud", "no ver", "signature of other claims"}:
            said = {**said, "ver": 1} if name.startswith("ver") else said
            use = {"use of another": claims(token_use="access")}.get(name, forge)
            answer = Bearer().post("auth/token/refresh/", {"refresh": use(header, said)})
            assert answer.status_code == 401, name
            count("forged tokens refused", 1)
    assert Bearer(pair["access"]).get(ME).status_code == 200
    assert Bearer().post("auth/token/refresh/", {"refresh": pair["refresh"]}).status_code == 200


def test_tokens_are_good_for_their_own_use_only(world: World):
    pair = sign_in()
    assert Bearer(pair["refresh"]).get(ME).status_code == 401
    assert Bearer().post("auth/token/refresh/", {"refresh": pair["access"]}).status_code == 401
    client = Client()
    client.cookies["sessionid"] = internal.session_key_from_sid(own(pair["access"])[1]["sid"]) or ""
    sid = own(pair["access"])[1]["sid"]
    client.cookies["sessionid"] = sid
    assert client.get(ME).status_code == 401  # what the token says of its session opens none


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer  {}", " Bearer {}", "Basic {}", "Token {}", "{}", "Bearer {} {}", "Bearer {},{}",
     "Bearer {}, Bearer {}", "Bearer\t{}", "Bearer {};", "Bearer null", "Bearer é", "Bearer ansf_", "Bearer ansf_{}",
     "Bearer ' OR 1=1 --", 'Bearer "{}"'],
)  # fmt: skip
def test_a_header_of_another_form_is_refused(world: World, header: str, count: Callable[[str, int], None]):
    token = sign_in()["access"]
    client = Client(HTTP_AUTHORIZATION=header.replace("{}", token))
    client.force_login(world.users["developer"])
    assert client.get(ME).status_code == 401
    count("forged tokens refused", 1)


@pytest.mark.parametrize("name", ["token", "access_token", "Token", "jwt", "api_key", "refresh", "x"])
@pytest.mark.parametrize("path", ["projects/", "auth/users/me/", "auth/session/", "audit/"])
def test_a_token_in_the_url_is_refused_even_beside_a_good_session(world: World, path: str, name: str):
    token = sign_in()["access"]
    assert world.api("developer").get(f"/api/v1/{path}?{name}={token}").status_code == 401
    assert world.api("developer").get(f"/api/v1/{path}?{name}=ansf_{'a' * 40}").status_code == 401
