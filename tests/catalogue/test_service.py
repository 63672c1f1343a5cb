"""What people may choose, and what they get whose choice is gone."""

import asyncio
from decimal import Decimal

import pytest
from dishka import AsyncContainer
from sqlalchemy import delete, insert, text, update

from tests.clients.cache.conftest import Counts
from vitte.catalogue.editing import CatalogueEditor
from vitte.catalogue.rules import Fault, InvalidCatalogueError
from vitte.catalogue.schemas import ModelDraft, PersonaDraft
from vitte.catalogue.service import CatalogueService
from vitte.clients.cache.protocol import CATALOGUE, Cache
from vitte.core.settings import Settings
from vitte.db.models import LanguageModel, Persona, PlanLimits
from vitte.db.transaction import Transaction
from vitte.main.container import make_container


def persona(key: str = "poet", **changes: object) -> PersonaDraft:
    values: dict[str, object] = {
        "key": key,
        "name_en": key.title(),
        "name_ru": "Поэт",
        "prompt": "Rhyme.",
        "greeting_en": "Hi",
        "greeting_ru": None,
        "position": 0,
        "is_enabled": True,
    }
    return PersonaDraft(**values | changes)  # type: ignore[arg-type]


def model(key: str = "large", **changes: object) -> ModelDraft:
    values: dict[str, object] = {
        "key": key,
        "name": key.title(),
        "provider": "default",
        "remote_name": None,
        "fallbacks": [],
        "context_window": 8192,
        "max_tokens": None,
        "price_in": Decimal("0.5"),
        "price_out": Decimal("2.5"),
        "sees_images": False,
        "uses_tools": False,
        "plans": [],
        "position": 0,
        "is_enabled": True,
    }
    return ModelDraft(**values | changes)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
async def catalogue(settings: Settings, transaction: Transaction) -> None:
    """A persona, a model and a plan."""
    settings.cache.catalogue_local_ttl = 0
    async with transaction:
        add = transaction.session.execute
        await add(text("TRUNCATE personas, models, plans RESTART IDENTITY"))
        await add(insert(Persona).values(key="assistant", name_en="Assistant", name_ru="Ассистент"))
        await add(insert(LanguageModel).values(key="default", name="Default", position=5))
        await add(
            insert(PlanLimits), [{"key": key, "name_en": key, "name_ru": key} for key in ("free", "pro")]
        )


async def service(container: AsyncContainer) -> CatalogueService:
    return await container.get(CatalogueService)


async def faults(edit: object) -> dict[str, Fault]:
    with pytest.raises(InvalidCatalogueError) as refused:
        await edit  # type: ignore[misc]
    return refused.value.faults


async def test_what_the_owner_changes_is_seen_by_other_processes(settings: Settings) -> None:
    here, there = make_container(settings, process="bot"), make_container(settings, process="admin")
    async with here() as update_, there() as request:
        catalogue, editor = await service(update_), await request.get(CatalogueEditor)
        assert [one.key for one in await catalogue.personas()] == ["assistant"]
        poet = await editor.save_persona(persona(position=-1))
        first, second = await catalogue.personas()
        assert (first.key, second.key) == ("poet", "assistant")
        assert first.greeting("ru") == "Hi"
        assert first.name("ru") == "Поэт"
        await editor.save_persona(persona(position=9, is_enabled=False), row_id=poet)
        assert [one.key for one in await catalogue.personas()] == ["assistant"]
        await editor.save_persona(persona(name_en="Bard"), row_id=poet)
        assert (await catalogue.persona("poet")).name("en") == "Bard"
        assert await editor.delete_personas([poet, 10**6]) == 1
        assert (await catalogue.persona("poet")).key == "assistant"
    await here.close()
    await there.close()


async def test_an_ordinary_update_costs_neither_a_statement_nor_redis(
    settings: Settings, statements: list[str]
) -> None:
    settings.cache.catalogue_local_ttl, settings.cache.local_ttl = 60, 0
    container = make_container(settings, process="bot")
    async with container() as update_:
        await (await service(update_)).personas()
    counts = Counts(CATALOGUE)
    statements.clear()
    async with container() as update_:
        catalogue = await service(update_)
        await catalogue.persona("assistant")
        await catalogue.model("default", plan="free")
    assert statements == []
    assert counts["local"] == 2
    await container.close()


async def test_a_change_that_is_not_committed_is_seen_by_nobody(container: AsyncContainer) -> None:
    async with container() as request, container() as update_:
        editor, catalogue = await request.get(CatalogueEditor), await service(update_)
        await catalogue.personas()
        transaction = await request.get(Transaction)

        async def save_and_fail() -> None:
            async with transaction:
                await editor.save_persona(persona())
                raise OSError("on the way")

        with pytest.raises(OSError, match="on the way"):
            await save_and_fail()
        assert [one.key for one in await catalogue.personas()] == ["assistant"]


async def test_a_choice_that_is_gone_or_not_of_the_plan_falls_back_to_the_first(
    container: AsyncContainer,
) -> None:
    async with container() as request:
        editor, catalogue = await request.get(CatalogueEditor), await service(request)
        large = await editor.save_model(model(plans=["pro"], position=0, fallbacks=["default"]))
        assert (await catalogue.model("large", plan="pro")).typical_price == 1
        assert (await catalogue.model("large", plan="free")).key == "default"
        assert (await catalogue.model(None, plan="pro")).key == "large"
        assert (await catalogue.model("no such", plan="free")).key == "default"
        assert [one.key for one in await catalogue.models()] == ["large", "default"]
        chosen = await catalogue.model("large", plan="pro")
        assert [one.key for one in await catalogue.fallbacks(chosen, plan="pro")] == ["default"]
        await editor.save_model(model(plans=["pro"], is_enabled=False), row_id=large)
        assert (await catalogue.model("large", plan="pro")).key == "default"


async def test_a_database_that_somebody_emptied_still_leaves_a_persona_and_a_model(
    container: AsyncContainer, transaction: Transaction
) -> None:
    async with transaction:
        await transaction.session.execute(delete(Persona))
        await transaction.session.execute(update(LanguageModel).values(is_enabled=False))
    async with container() as request:
        catalogue = await service(request)
        assert (await catalogue.persona("editor")).prompt == ""
        assert (await catalogue.model("large", plan="free")).provider == "default"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"key": "Ключ"}, {"key": Fault.KEY}),
        ({"key": "a" * 33}, {"key": Fault.KEY}),
        ({"key": "assistant"}, {"key": Fault.TAKEN}),
        ({"name_en": " ", "name_ru": None}, {"name_en": Fault.MISSING, "name_ru": Fault.MISSING}),
        ({"name_ru": "я" * 65}, {"name_ru": Fault.TOO_LONG}),
        ({"greeting_en": "x" * 1001}, {"greeting_en": Fault.TOO_LONG}),
        ({"position": 10**6}, {"position": Fault.POSITION}),
        ({"position": None}, {"position": Fault.POSITION}),
    ],
)
async def test_a_persona_that_would_not_do_is_refused_with_the_reason(
    container: AsyncContainer, changes: dict[str, object], expected: dict[str, Fault]
) -> None:
    async with container() as request:
        editor = await request.get(CatalogueEditor)
        assert await faults(editor.save_persona(persona(**({"key": "poet"} | changes)))) == expected  # type: ignore[arg-type]
        assert len(await (await service(request)).personas()) == 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"provider": "two words"}, {"provider": Fault.PROVIDER}),
        ({"fallbacks": ["gone"]}, {"fallbacks": Fault.FALLBACKS}),
        ({"fallbacks": ["large"]}, {"fallbacks": Fault.OWN_FALLBACK}),
        ({"plans": ["gold"]}, {"plans": Fault.PLANS}),
        ({"context_window": 10}, {"context_window": Fault.CONTEXT}),
        ({"max_tokens": 8192}, {"max_tokens": Fault.MAX_TOKENS}),
        (
            {"price_in": Decimal("NaN"), "price_out": Decimal(-1)},
            dict.fromkeys(("price_in", "price_out"), Fault.PRICE),
        ),
        ({"name": "", "position": 10**6}, {"name": Fault.MISSING, "position": Fault.POSITION}),
    ],
)
async def test_a_model_that_would_not_do_is_refused_with_the_reason(
    container: AsyncContainer, changes: dict[str, object], expected: dict[str, Fault]
) -> None:
    async with container() as request:
        editor = await request.get(CatalogueEditor)
        assert await faults(editor.save_model(model(**changes))) == expected  # type: ignore[arg-type]
        assert len(await (await service(request)).models()) == 1


async def test_there_is_always_a_persona_and_a_model_for_everybody(container: AsyncContainer) -> None:
    async with container() as request:
        editor = await request.get(CatalogueEditor)
        none_left = {"is_enabled": Fault.NONE_LEFT}
        assert await faults(editor.delete_personas([1])) == none_left
        assert (
            await faults(editor.save_persona(persona("assistant", is_enabled=False), row_id=1)) == none_left
        )
        assert await faults(editor.delete_models([1])) == none_left
        assert await faults(editor.save_model(model("default", is_enabled=False), row_id=1)) == none_left
        for_some = model("default", plans=["pro"])
        assert await faults(editor.save_model(for_some, row_id=1)) == {"plans": Fault.NONE_FOR_ALL}
        assert await faults(editor.save_model(model("other"), row_id=1)) == {"key": Fault.FIXED_KEY}


async def test_two_who_delete_the_last_two_at_once_leave_one(container: AsyncContainer) -> None:
    async def delete_one(row_id: int) -> bool:
        async with container() as request:
            try:
                await (await request.get(CatalogueEditor)).delete_personas([row_id])
            except InvalidCatalogueError:
                return False
            return True

    async with container() as request:
        poet = await (await request.get(CatalogueEditor)).save_persona(persona())
    assert sorted(await asyncio.gather(delete_one(1), delete_one(poet))) == [False, True]


async def test_a_deleted_model_stands_in_for_no_other(container: AsyncContainer) -> None:
    async with container() as request:
        editor, catalogue = await request.get(CatalogueEditor), await service(request)
        small = await editor.save_model(model("small"))
        await editor.save_model(model("large", fallbacks=["small", "default"]))
        await editor.delete_models([small])
        assert (await catalogue.model("large", plan="free")).fallbacks == ("default",)
        assert await (await request.get(Cache)).invalidate(CATALOGUE, "all") is None
        assert (await catalogue.model("large", plan="free")).fallbacks == ("default",)
