"""What everybody who calls the public interface gets."""

import aiohttp
import pytest
from fastapi import FastAPI

from tests.web.serving import browsing
from vitte import __version__
from vitte.api.app import create_app
from vitte.core.errors import VitteError
from vitte.core.ids import current_correlation_id
from vitte.core.settings import Settings
from vitte.main.container import make_container


class TooManyCooksError(VitteError):
    """An error of a feature."""

    code = "too_many_cooks"
    status = 409


def create(settings: Settings) -> FastAPI:
    return create_app(settings, make_container(settings, process="api"))


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
async def test_health_tells_that_all_is_well(client: aiohttp.ClientSession, prefix: str) -> None:
    async with client.get(f"{prefix}/health") as answer:
        assert await answer.json() == {"status": "ok", "version": __version__}
    for name in ("db", "redis"):
        async with client.get(f"{prefix}/health/{name}") as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "ok"})
    async with client.get(f"{prefix}/health/ready") as answer:
        assert await answer.json() == {"status": "ok", "checks": {"db": "ok", "redis": "ok"}}


async def test_without_its_servers_it_lives_and_says_what_is_missing(settings: Settings) -> None:
    settings.database.port = settings.redis.port = 9
    async with browsing(create(settings)) as client:
        async with client.get("/health") as answer:
            assert answer.status == 200
        async with client.get("/health/ready") as answer:
            assert answer.status == 503
            assert await answer.json() == {
                "status": "unavailable",
                "checks": {"db": "unavailable", "redis": "unavailable"},
            }
        async with client.get("/health/redis") as answer:
            assert (answer.status, await answer.json()) == (503, {"status": "unavailable"})


async def test_an_answer_carries_the_callers_request_id_or_a_new_one(client: aiohttp.ClientSession) -> None:
    async with client.get("/health", headers={"X-Request-ID": "order-77_b"}) as answer:
        assert answer.headers["X-Request-ID"] == "order-77_b"
    for odd in ("x" * 65, "a b", "ё", "a\tb", ""):
        async with client.get("/health", headers={"X-Request-ID": odd}) as answer:
            assert answer.headers["X-Request-ID"] not in ("", odd)
            assert len(answer.headers["X-Request-ID"]) == 16


async def test_unknown_paths_and_methods_are_refused_in_the_one_shape(client: aiohttp.ClientSession) -> None:
    async with client.get("/nowhere") as answer:
        assert answer.status == 404
        error = (await answer.json())["error"]
        assert error == {
            "code": "not_found",
            "message": "Not Found",
            "correlation_id": answer.headers["X-Request-ID"],
        }
    async with client.delete("/health") as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET")
        assert (await answer.json())["error"]["code"] == "method_not_allowed"


async def test_errors_of_features_and_bugs_are_told_apart(settings: Settings) -> None:
    app = create(settings)

    @app.get("/cooks")
    async def cooks() -> None:
        raise TooManyCooksError("there are nine in the kitchen")

    @app.get("/bug")
    async def bug() -> None:
        raise ZeroDivisionError(f"secret detail of {current_correlation_id()}")

    @app.get("/number/{number}")
    async def number(number: int) -> int:
        return number

    async with browsing(app) as client:
        async with client.get("/cooks") as answer:
            assert answer.status == 409
            error = (await answer.json())["error"]
            assert (error["code"], error["message"]) == ("too_many_cooks", "there are nine in the kitchen")
        async with client.get("/bug") as answer:
            assert answer.status == 500
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            body = await answer.json()
            assert body["error"]["correlation_id"] == answer.headers["X-Request-ID"]
            assert "secret detail" not in str(body)
        async with client.get("/number/nine") as answer:
            assert answer.status == 422
            error = (await answer.json())["error"]
            assert error["code"] == "invalid_request"
            assert "path.number" in error["message"]


async def test_metrics_count_by_route_and_never_by_path(client: aiohttp.ClientSession) -> None:
    for path in ("/health", "/wp-login.php", "/made-up-1", "/made-up-2"):
        async with client.get(path):
            pass
    async with client.get("/metrics") as answer:
        assert answer.content_type == "text/plain"
        text = await answer.text()
    assert 'vitte_http_requests_total{method="GET",route="/health",status="200"}' in text
    assert 'vitte_http_requests_total{method="GET",route="unmatched",status="404"}' in text
    assert 'vitte_http_request_seconds_count{method="GET",route="/health"}' in text
    assert "made-up" not in text
    assert "wp-login" not in text


async def test_pages_of_other_sites_may_call_it_only_when_they_are_named(settings: Settings) -> None:
    settings.api.cors_origins = ["https://app.example"]
    async with browsing(create(settings)) as client:
        async with client.get("/health", headers={"Origin": "https://app.example"}) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
        async with client.get("/health", headers={"Origin": "https://evil.example"}) as answer:
            assert "Access-Control-Allow-Origin" not in answer.headers


async def test_documentation_is_there_unless_switched_off(
    settings: Settings, client: aiohttp.ClientSession
) -> None:
    for path in ("/docs", "/redoc"):
        async with client.get(path) as answer:
            assert (answer.status, answer.content_type) == (200, "text/html")
    async with client.get("/openapi.json") as answer:
        assert "/api/v1/health/ready" in (await answer.json())["paths"]
    settings.api.docs = False
    async with browsing(create(settings)) as bare:
        for path in ("/docs", "/redoc", "/openapi.json"):
            async with bare.get(path) as answer:
                assert answer.status == 404
