"""The panel in a real browser."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.admin.conftest import PASSWORD
from tests.web.serving import serving
from vitte.db.engine import SessionFactory
from vitte.db.models import User

pytestmark = pytest.mark.browser


@pytest.fixture
async def browser(chromium_path: str) -> AsyncIterator[Browser]:
    """The machine's Chromium."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        yield browser
        await browser.close()


async def log_in(page: Page, password: str) -> None:
    await page.fill("#username", "admin")
    await page.fill("#password", password)
    await page.click("form button[type=submit]")


async def theme(page: Page) -> str | None:
    return await page.locator("html").get_attribute("data-bs-theme")


async def test_the_owner_logs_in_looks_at_people_and_logs_out(
    browser: Browser, app: FastAPI, session_factory: SessionFactory
) -> None:
    async with session_factory() as session:
        session.add(User(telegram_id=1001, first_name="Анна", username="anna"))
        await session.commit()
    async with serving(app) as address:
        context: BrowserContext = await browser.new_context(locale="ru-RU", color_scheme="dark")
        page = await context.new_page()
        elsewhere: list[str] = []
        faults: list[str] = []
        page.on("request", lambda request: None if address in request.url else elsewhere.append(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))

        await page.goto(address)
        await expect(page.locator("h2")).to_have_text("Вход в учётную запись")
        await log_in(page, "wrong")
        await expect(page.get_by_role("alert")).to_contain_text("Неверное имя пользователя или пароль.")
        await log_in(page, PASSWORD)
        await expect(page.locator("#sidebar-menu")).to_contain_text("Подписки")

        assert await theme(page) == "dark"
        await page.click("[data-vitte-theme-switch]")
        assert await theme(page) == "light"

        await page.click("#sidebar-menu >> text=Люди")
        await expect(page.locator("tbody")).to_contain_text("Анна")
        assert await theme(page) == "light"
        await page.fill("input[name=q]", "nobody")
        await page.press("input[name=q]", "Enter")
        await expect(page.locator("body")).not_to_contain_text("Анна")

        await page.click("header [aria-label='Open user menu']")
        await page.click("header >> text=Выйти")
        await expect(page.locator("h2")).to_have_text("Вход в учётную запись")
        await page.goto(f"{address}/admin/user/list")
        await expect(page.locator("h2")).to_have_text("Вход в учётную запись")

        assert elsewhere == []
        assert faults == []
        await context.close()
