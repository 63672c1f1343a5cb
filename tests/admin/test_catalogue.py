"""The owner edits personas and models."""

from collections.abc import AsyncIterator
from decimal import Decimal

import aiohttp
import pytest
from dishka import AsyncContainer
from fastapi import FastAPI
from playwright.async_api import Browser, expect
from sqlalchemy import select, text

from tests.admin.conftest import PASSWORD, csrf_token
from tests.web.serving import serving
from vitte.catalogue.service import CatalogueService
from vitte.core.settings import Settings
from vitte.db.engine import SessionFactory
from vitte.db.models import LanguageModel, Persona, PlanLimits
from vitte.main.container import make_container

PERSONA = {
    "key": "poet",
    "name_en": "Poet",
    "name_ru": "Поэт",
    "prompt": "Rhyme.",
    "greeting_en": "Let us rhyme.",
    "greeting_ru": "",
    "position": "3",
    "is_enabled": "on",
}
MODEL = {
    "key": "large",
    "name": "Large",
    "provider": "default",
    "remote_name": "",
    "fallbacks": ["default"],
    "context_window": "32000",
    "max_tokens": "",
    "price_in": "0.5",
    "price_out": "1.5",
    "plans": ["free"],
    "position": "1",
    "is_enabled": "on",
}


@pytest.fixture(autouse=True)
async def catalogue(session_factory: SessionFactory) -> None:
    """A persona, a model and a plan, and no other."""
    async with session_factory() as session:
        await session.execute(text("TRUNCATE personas, models, plans RESTART IDENTITY"))
        session.add_all(
            [
                Persona(key="assistant", name_en="Assistant", name_ru="Ассистент"),
                LanguageModel(key="default", name="Default"),
                PlanLimits(key="free", name_en="Free", name_ru="Бесплатный"),
            ]
        )
        await session.commit()


@pytest.fixture
async def bot(settings: Settings) -> AsyncIterator[AsyncContainer]:
    """The container of the process that people talk to, which remembers what it has read."""
    settings.cache.catalogue_local_ttl = 0
    container = make_container(settings, process="bot")
    yield container
    await container.close()


async def personas(bot: AsyncContainer) -> list[str]:
    async with bot() as update:
        return [one.name("en") for one in await (await update.get(CatalogueService)).personas()]


async def fill_in(client: aiohttp.ClientSession, path: str, form: dict[str, object]) -> tuple[int, str]:
    """Send a form of the panel, and return the status and the page."""
    async with client.get(path, headers={"Accept-Language": "en"}) as answer:
        assert answer.status == 200
        data = aiohttp.FormData([("csrftoken", csrf_token(await answer.text()))])
    for name, value in form.items():
        for one in value if isinstance(value, list) else [value]:
            data.add_field(name, one)
    async with client.post(
        path, data=data, headers={"Accept-Language": "en"}, allow_redirects=False
    ) as answer:
        return answer.status, await answer.text()


async def test_what_the_owner_writes_is_what_people_get(
    owner: aiohttp.ClientSession, bot: AsyncContainer
) -> None:
    assert await personas(bot) == ["Assistant"]
    assert (await fill_in(owner, "/admin/persona/create", dict(PERSONA)))[0] == 303
    assert await personas(bot) == ["Assistant", "Poet"]
    changed = {"name_en": "Bard", "position": "-1"}
    form = {name: value for name, value in (PERSONA | changed).items() if name != "key"}
    assert (await fill_in(owner, "/admin/persona/edit?pk=2", dict(form)))[0] == 303
    assert await personas(bot) == ["Bard", "Assistant"]
    del form["is_enabled"]
    assert (await fill_in(owner, "/admin/persona/edit?pk=2", dict(form)))[0] == 303
    assert await personas(bot) == ["Assistant"]


async def test_a_model_is_stored_as_it_was_written(
    owner: aiohttp.ClientSession, bot: AsyncContainer, session_factory: SessionFactory
) -> None:
    assert (await fill_in(owner, "/admin/model/create", dict(MODEL)))[0] == 303
    async with bot() as update:
        model = await (await update.get(CatalogueService)).model("large", plan="free")
    assert (model.fallbacks, model.plans, model.max_tokens) == (("default",), ("free",), None)
    assert model.typical_price == Decimal("0.75")
    async with owner.get("/admin/model/list?q=larg") as answer:
        assert "Large" in await answer.text()
    async with owner.get("/admin/model/detail?pk=2") as answer:
        assert "32000" in await answer.text()
    async with session_factory() as session:
        stored = (await session.scalars(select(LanguageModel).where(LanguageModel.key == "large"))).one()
    assert (stored.remote_name, stored.sees_images) == ("", False)


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        ("persona", {"key": "assistant"}, "There is another one with this key."),
        ("persona", {"key": "Two words"}, "Up to 32 small Latin letters"),
        ("persona", {"name_ru": "я" * 70}, "This is too long."),
        ("model", {"provider": "no such!"}, "VITTE_LLM__PROVIDERS"),
        ("model", {"fallbacks": ["gone"]}, "There is no model with one of these keys."),
        ("model", {"plans": ["gold"]}, "There is no plan with one of these keys."),
    ],
)
async def test_what_would_not_do_is_refused_with_a_sentence_at_its_field(
    owner: aiohttp.ClientSession, bot: AsyncContainer, kind: str, changes: dict[str, object], said: str
) -> None:
    form = (PERSONA if kind == "persona" else MODEL) | changes
    status, page = await fill_in(owner, f"/admin/{kind}/create", dict(form))
    assert status == 422
    assert said in page.replace("&#34;", '"')
    assert await personas(bot) == ["Assistant"]


async def test_the_last_persona_and_the_last_model_cannot_be_deleted(owner: aiohttp.ClientSession) -> None:
    async with owner.get("/admin/persona/list") as answer:
        token = csrf_token(await answer.text())
    for kind in ("persona", "model"):
        path = f"/admin/_api/{kind}/row-action?name=delete&pk=1"
        headers = {"X-CSRFToken": token, "Accept-Language": "en"}
        async with owner.post(path, headers=headers) as answer:
            assert answer.status == 400
            assert (await answer.json())["msg"] == "At least one must stay enabled."


@pytest.mark.browser
async def test_the_owner_makes_a_persona_in_a_browser(
    chromium: Browser, app: FastAPI, bot: AsyncContainer
) -> None:
    async with serving(app) as address:
        context = await chromium.new_context(locale="ru-RU")
        page = await context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        await page.goto(f"{address}/admin/login")
        await page.fill("#username", "admin")
        await page.fill("#password", PASSWORD)
        await page.click("form button[type=submit]")
        await page.click("#sidebar-menu >> text=Роли")
        await expect(page.locator("tbody")).to_contain_text("Ассистент")
        await page.goto(f"{address}/admin/persona/create")
        for name, value in (("key", "assistant"), ("name_en", "Poet"), ("name_ru", "Поэт")):
            await page.fill(f"[name={name}]", value)
        await page.get_by_role("button", name="Сохранить", exact=True).click()
        await expect(page.locator("#key-error")).to_have_text("С таким ключом уже есть другая запись.")
        await page.fill("[name=key]", "poet")
        await page.get_by_role("button", name="Сохранить", exact=True).click()
        await expect(page.locator("tbody")).to_contain_text("Поэт")
        assert await personas(bot) == ["Assistant", "Poet"]
        await page.goto(f"{address}/admin/model/create")
        await expect(page.locator("[name=provider]")).to_have_value("default")
        assert faults == []
        await context.close()
