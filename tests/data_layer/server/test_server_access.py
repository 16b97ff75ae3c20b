"""Who may ask: tokens, scopes, and strangers at every door."""

from __future__ import annotations

import time

import jwt
import pytest

from data_layer.auth.scopes import PUBLIC
from data_layer.auth.tokens import Signer, make_key_pair
from data_layer.server.routes import ROUTES
from tests.data_layer.server.asking import (
    anonymous,
    is_problem,
    raw,
)


def filled(path):
    for name in ("dataset", "version", "variable", "product", "init", "lead", "member"):
        path = path.replace(f"{{{name}}}", "x")
    return path


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: r.path)
def test_every_route_needs_a_token_unless_it_is_a_health_check(service, route):
    response = anonymous(service, filled(route.path))
    if route.handler.route in PUBLIC:
        assert route.path in ("/healthz", "/readyz")
        assert response.status_code == 200
    else:
        is_problem(response, 401)
        assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/", "/v1/catalogue/", "/static/x", "/favicon.ico", "/healthz/"]
)
def test_addresses_without_a_route_need_a_token_too(service, path):
    is_problem(anonymous(service, path), 401)
    is_problem(service.get(path), 404)


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic dTpw",
        "Bearer",
        "Bearer  {}",
        "{}",
        "Token {}",
        "bearer\t{}",
        "Bearer x",
    ],
)
def test_a_malformed_authorization_is_refused(service, authorization):
    said = service.get("/v1/catalogue", Authorization=authorization.format(service.token()))
    is_problem(said, 401)
    assert said.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_a_cookie_is_no_token(service):
    is_problem(anonymous(service, "/v1/catalogue", {"Cookie": f"token={service.token()}"}), 401)


def test_two_authorization_headers_are_refused(service):
    line = f"Authorization: Bearer {service.token()}\r\n"
    assert raw(service, f"GET /v1/catalogue HTTP/1.1\r\nHost: x\r\n{line}{line}\r\n") == 400


@pytest.mark.parametrize("name", ["access_token", "token", "ACCESS_TOKEN", "jwt"])
@pytest.mark.parametrize("path", ["/v1/catalogue", "/healthz"])
def test_a_token_in_the_address_is_refused(service, name, path):
    said = is_problem(service.get(f"{path}?{name}={service.token()}"), 400)
    assert "header" in said["advice"]


def test_a_token_of_another_key_is_refused(service):
    stranger = Signer(make_key_pair()[0], "test").mint("u")
    is_problem(service.get("/v1/catalogue", Authorization=f"Bearer {stranger}"), 401)


def test_an_expired_token_is_refused(service):
    then = int(time.time()) - 400
    claims = {"iss": "poama-panel", "aud": "poama-data", "sub": "u", "jti": "j"}
    claims |= {"iat": then, "nbf": then, "scope": "data:read"}
    headers = {"typ": "at+jwt", "kid": "test"}

    def token(lifetime):
        body = {**claims, "exp": then + lifetime}
        return jwt.encode(body, service.pem, algorithm="EdDSA", headers=headers)

    good = service.get("/v1/catalogue", Authorization=f"Bearer {token(500)}")
    assert good.status_code == 200
    token = token(300)
    is_problem(service.get("/v1/catalogue", Authorization=f"Bearer {token}"), 401)


@pytest.mark.parametrize("scope", ["", "other", "data:reader", "admin data:write"])
def test_without_the_scope_even_what_is_cached_is_refused(service, frame_path, scope):
    assert service.get(frame_path).status_code == 200
    token = service.signer.mint("u", scope=scope)
    for headers in ({}, {"If-None-Match": service.get(frame_path).headers["ETag"]}):
        refused = service.get(frame_path, Authorization=f"Bearer {token}", **headers)
        is_problem(refused, 403)
        challenge = refused.headers["WWW-Authenticate"]
        assert challenge == 'Bearer error="insufficient_scope", scope="data:read"'


def test_headers_of_proxies_mean_nothing(service):
    lies = {"X-Forwarded-User": "root", "X-Forwarded-Host": "evil", "X-Auth-User": "root"}
    is_problem(anonymous(service, "/v1/catalogue", lies), 401)
