"""The chat page's parts: rich text, buttons and keyboards, commands, the composer, photos, scrolling."""

import asyncio
import re
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Route, expect

from tests.sandbox.recordings import opus
from tests.sandbox.test_page_support import OpenWindow, PlayedBot, Window, png
from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.testing import RunningSandbox

pytestmark = pytest.mark.browser
pytest_plugins = ["tests.sandbox.test_page_support"]

OpenChat = Callable[[], Awaitable[Window]]


@pytest.fixture
async def anna(world: RunningSandbox, played: PlayedBot) -> SandboxPerson:
    """Somebody who has written "hello" to the bot."""
    person = await world.person("Anna", listen=False)
    await person.send("hello")
    await played.heard()
    return person


@pytest.fixture
def open_chat(open_window: OpenWindow, anna: SandboxPerson) -> OpenChat:
    """Open Anna's chat and wait until it shows."""

    async def open_it() -> Window:
        window = await open_window(f"/?person={anna.id}", permissions=["clipboard-read", "clipboard-write"])
        await expect(window.message("hello")).to_have_count(1)
        await expect(window.hook("composer")).to_be_editable()
        return window

    return open_it


async def test_entities_fall_on_the_right_letters_after_emoji_and_nest(
    open_chat: OpenChat, played: PlayedBot, anna: SandboxPerson
) -> None:
    text = "👩‍🚀🎉 fat lean link code"
    start = len("👩‍🚀🎉 ".encode("utf-16-le")) // 2
    entities = [
        {"type": "bold", "offset": start, "length": 8},
        {"type": "italic", "offset": start + 4, "length": 4},
        {"type": "text_link", "offset": start + 9, "length": 4, "url": "https://example.org/"},
        {"type": "code", "offset": start + 14, "length": 4},
    ]
    await played.say(anna.id, text, entities=entities)
    window = await open_chat()
    message = window.message("fat lean")
    # The sandbox cuts nested entities into pieces that do not overlap in part, as Telegram does.
    await expect(message.locator("strong")).to_have_text(["fat", "lean"])
    await expect(message.locator("em")).to_have_text("lean")
    await expect(message.locator("code")).to_have_text("code")
    link = message.get_by_role("link")
    await expect(link).to_have_text("link")
    await expect(link).to_have_attribute("href", "https://example.org/")
    await expect(link).to_have_attribute("rel", re.compile("noopener"))


async def test_crossing_entities_are_split_and_no_letter_is_lost(
    open_chat: OpenChat, played: PlayedBot, anna: SandboxPerson, world: RunningSandbox
) -> None:
    said = await played.say(anna.id, "abcdef")
    chat = world.world.chat(42, anna.id)
    assert chat is not None
    chat.messages[said["message_id"]].entities = [
        {"type": "bold", "offset": 0, "length": 4},
        {"type": "italic", "offset": 2, "length": 4},
        {"type": "underline", "offset": 5, "length": 99},
    ]
    window = await open_chat()
    message = window.message("abcdef")
    await expect(message.locator("strong")).to_have_text("abcd")
    await expect(message.locator("em")).to_have_text(["cd", "ef"])
    await expect(message.locator("u")).to_have_text("f")


async def test_a_spoiler_hides_its_words_until_it_is_pressed(
    open_chat: OpenChat, played: PlayedBot, anna: SandboxPerson
) -> None:
    await played.say(anna.id, "It was <tg-spoiler>the gardener</tg-spoiler>", parse_mode="HTML")
    window = await open_chat()
    spoiler = window.message("It was").locator(".spoiler")
    hidden = spoiler.locator(".spoiler-text")
    await expect(hidden).to_have_css("color", "rgba(0, 0, 0, 0)")
    await spoiler.click()
    await expect(hidden).not_to_have_css("color", "rgba(0, 0, 0, 0)")


async def test_code_names_its_language_and_is_copied_whole(
    open_chat: OpenChat, played: PlayedBot, anna: SandboxPerson
) -> None:
    code = "if a < b:\n    go()"
    entity = {"type": "pre", "offset": 0, "length": len(code), "language": "python"}
    await played.say(anna.id, code, entities=[entity])
    window = await open_chat()
    await expect(window.message("go()")).to_contain_text("python")
    await window.hook("copy-code").click()
    await expect(window.hook("toast")).to_have_text("Copied")
    assert await window.calculate("navigator.clipboard.readText()") == code


async def test_a_pressed_button_spins_until_the_bot_answers_with_a_toast_or_an_alert(
    open_chat: OpenChat, played: PlayedBot, anna: SandboxPerson, world: RunningSandbox
) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    await played.say(anna.id, "Shall we?", reply_markup=keyboard)
    window = await open_chat()
    button = window.hook("inline-button")
    await button.click()
    query = await played.heard("callback_query")
    assert query["data"] == "go"
    await expect(button).to_have_attribute("aria-busy", "true")
    await world.result("answerCallbackQuery", callback_query_id=query["id"], text="Off we go")
    await expect(window.hook("toast")).to_have_text("Off we go")
    await expect(button).to_have_attribute("aria-busy", "false")
    await button.click()
    query = await played.heard("callback_query")
    await world.result("answerCallbackQuery", callback_query_id=query["id"], text="Really?", show_alert=True)
    await expect(window.hook("alert")).to_contain_text("Really?")
    await window.page.keyboard.press("Escape")
    await expect(window.hook("alert")).to_have_count(0)


async def test_an_edit_changes_the_bubble_and_says_so(
    open_chat: OpenChat, played: PlayedBot, anna: SandboxPerson, world: RunningSandbox
) -> None:
    said = await played.say(anna.id, "draught")
    window = await open_chat()
    await expect(window.message("draught")).to_have_count(1)
    await world.result("editMessageText", chat_id=anna.id, message_id=said["message_id"], text="final words")
    await expect(window.message("final words")).to_contain_text("edited")
    await expect(window.message("draught")).to_have_count(0)
    await world.result("deleteMessage", chat_id=anna.id, message_id=said["message_id"])
    await expect(window.message("final words")).to_have_count(0)


async def test_a_one_time_keyboard_sends_its_button_and_folds(
    open_chat: OpenChat, played: PlayedBot, anna: SandboxPerson
) -> None:
    keyboard = {"keyboard": [[{"text": "Tea"}, {"text": "Coffee"}]], "one_time_keyboard": True}
    await played.say(anna.id, "What would you like?", reply_markup=keyboard)
    window = await open_chat()
    await window.hook("reply-button").filter(has_text="Tea").click()
    assert (await played.heard())["text"] == "Tea"
    await expect(window.hook("reply-button").first).to_be_hidden()
    await window.page.get_by_role("button", name="Show keyboard").click()
    await expect(window.hook("reply-button")).to_have_count(2)
    await played.say(anna.id, "Good", reply_markup={"remove_keyboard": True})
    await expect(window.hook("reply-button").first).to_be_hidden()


async def test_commands_are_suggested_filtered_and_chosen_by_keys(
    open_chat: OpenChat, played: PlayedBot, world: RunningSandbox
) -> None:
    window = await open_chat()
    await expect(window.hook("menu-button")).to_be_hidden()
    names = ("help", "image", "import")
    await world.result(
        "setMyCommands", commands=[{"command": name, "description": f"{name}!"} for name in names]
    )
    await window.hook("menu-button").click()
    await expect(window.hook("command-item")).to_have_count(3)
    await window.hook("composer").press("Escape")
    await expect(window.hook("command-item").first).to_be_hidden()
    await window.hook("composer").press_sequentially("/im")
    await expect(window.hook("command-item")).to_have_text([re.compile("/image"), re.compile("/import")])
    await window.page.keyboard.press("ArrowDown")
    await window.page.keyboard.press("ArrowDown")
    await window.page.keyboard.press("Enter")
    assert (await played.heard())["text"] == "/import"
    await expect(window.hook("composer")).to_have_value("")


async def test_replying_from_the_menu_quotes_and_editing_changes_ones_own_words(
    open_chat: OpenChat, played: PlayedBot, anna: SandboxPerson
) -> None:
    said = await played.say(anna.id, "quote me")
    window = await open_chat()
    await window.message("quote me").locator(".bubble").click(button="right")
    await expect(window.hook("menu-edit")).to_have_count(0)
    await window.hook("menu-reply").click()
    await window.write("here you are")
    heard = await played.heard()
    assert heard["reply_to_message"]["message_id"] == said["message_id"]
    own = window.message("here you are")
    await expect(own.locator(".reply-strip")).to_contain_text("quote me")
    await own.locator(".bubble .text").click(button="right")
    await window.hook("menu-edit").click()
    await expect(window.hook("composer")).to_have_value("here you are")
    await window.write("changed my mind")
    assert (await played.heard("edited_message"))["text"] == "changed my mind"
    await expect(window.message("changed my mind")).to_contain_text("edited")


async def test_enter_sends_shift_enter_breaks_the_line_and_order_is_kept(
    open_chat: OpenChat, played: PlayedBot
) -> None:
    window = await open_chat()
    await window.hook("composer").press_sequentially("one")
    await window.page.keyboard.press("Shift+Enter")
    await window.hook("composer").press_sequentially("two")
    await window.page.keyboard.press("Enter")
    assert (await played.heard())["text"] == "one\ntwo"
    all_written = asyncio.Event()

    async def hold(route: Route) -> None:
        await all_written.wait()
        await route.continue_()

    await window.page.route("**/messages", hold, times=1)
    for number in range(4):
        await window.write(f"quick {number}")
    await expect(window.message("quick")).to_have_count(4)
    all_written.set()
    assert [(await played.heard())["text"] for _ in range(4)] == [f"quick {number}" for number in range(4)]
    await expect(window.hook("message")).to_have_count(6)


async def test_a_message_that_could_not_go_can_be_sent_again(open_chat: OpenChat, played: PlayedBot) -> None:
    window = await open_chat()
    await window.page.route("**/messages", lambda route: route.abort(), times=1)
    await window.write("try me")
    await window.message("try me").get_by_role("button", name="Try again").click()
    assert (await played.heard())["text"] == "try me"
    await expect(window.message("try me")).to_have_attribute("data-message-id", re.compile(r"\d+"))
    await expect(window.message("try me")).to_have_count(1)


async def test_too_long_a_text_cannot_be_sent_and_the_counter_says_by_how_much(open_chat: OpenChat) -> None:
    window = await open_chat()
    await window.hook("composer").fill("x" * 3700)
    await expect(window.hook("char-counter")).to_be_hidden()
    await window.hook("composer").fill("😀" * 2047)
    await expect(window.hook("char-counter")).to_have_text("2")
    await expect(window.hook("send-button")).to_be_enabled()
    await window.hook("composer").fill("😀" * 2050)
    await expect(window.hook("char-counter")).to_have_text("-4")
    await expect(window.hook("send-button")).to_be_disabled()


async def test_a_photo_goes_with_its_caption_and_opens_large(open_chat: OpenChat, played: PlayedBot) -> None:
    window = await open_chat()
    picture = {"name": "cat.png", "mimeType": "image/png", "buffer": png()}
    await window.hook("file-input").set_input_files(picture)  # type: ignore[arg-type]  # a FilePayload
    await window.hook("caption").fill("my cat")
    await window.hook("attach-send").click()
    heard = await played.heard()
    assert heard["caption"] == "my cat"
    assert heard["photo"][-1]["width"] == 40
    await window.message("my cat").get_by_role("button", name="Open photo").click()
    await expect(window.hook("lightbox").locator("img")).to_have_js_property("naturalWidth", 40)
    await window.page.keyboard.press("Escape")
    await expect(window.hook("lightbox")).to_have_count(0)


async def test_a_file_goes_as_a_document(open_chat: OpenChat, played: PlayedBot) -> None:
    window = await open_chat()
    notes = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"abc"}
    await window.hook("file-input").set_input_files(notes)  # type: ignore[arg-type]  # a FilePayload
    await window.hook("attach-send").click()
    assert (await played.heard())["document"]["file_name"] == "notes.txt"
    await expect(window.message("notes.txt").get_by_role("link")).to_have_attribute("download", "notes.txt")


async def test_several_photos_go_as_one_album(open_chat: OpenChat, played: PlayedBot) -> None:
    window = await open_chat()
    pictures = [{"name": f"{name}.png", "mimeType": "image/png", "buffer": png()} for name in ("a", "b")]
    await window.hook("file-input").set_input_files(pictures)  # type: ignore[arg-type]  # FilePayloads
    await window.hook("caption").fill("both")
    await window.hook("attach-send").click()
    first, second = await played.heard(), await played.heard()
    assert first["media_group_id"] == second["media_group_id"]
    assert (first["caption"], second.get("caption")) == ("both", None)
    await expect(window.page.get_by_role("button", name="Open photo")).to_have_count(2)
    await expect(window.page.locator(".photo.loading")).to_have_count(0)


async def test_an_opus_file_goes_as_a_voice_message_and_can_be_heard(
    open_chat: OpenChat, played: PlayedBot
) -> None:
    window = await open_chat()
    recorded = {"name": "voice.ogg", "mimeType": "audio/ogg", "buffer": opus(2)}
    await window.hook("file-input").set_input_files(recorded)  # type: ignore[arg-type]  # a FilePayload
    await window.hook("attach-send").click()
    assert (await played.heard())["voice"]["duration"] == 2
    await expect(window.hook("voice")).to_have_attribute("src", re.compile("^/sandbox/files/"))


async def test_a_quote_and_an_origin_are_shown_above_the_words(
    open_chat: OpenChat, played: PlayedBot, anna: SandboxPerson
) -> None:
    said = await played.say(anna.id, "bread and butter")
    await anna.send("which?", reply_to=said["message_id"], quote="butter")
    await anna.forward("news", origin={"type": "hidden_user", "sender_user_name": "Carl"})
    window = await open_chat()
    await expect(window.message("which?").locator(".reply-words")).to_have_text("butter")
    await expect(window.message("news")).to_contain_text("Forwarded from Carl")


async def test_what_the_bot_is_doing_stands_under_its_name_until_it_answers(
    open_chat: OpenChat, played: PlayedBot, anna: SandboxPerson, world: RunningSandbox
) -> None:
    window = await open_chat()
    await world.result("sendChatAction", chat_id=anna.id, action="upload_photo")
    await expect(window.hook("typing")).to_contain_text("sending a photo")
    await played.say(anna.id, "there")
    await expect(window.hook("typing")).to_have_count(0)


async def test_somebody_who_reads_above_is_not_pulled_down_but_told(
    open_chat: OpenChat, played: PlayedBot, anna: SandboxPerson
) -> None:
    for number in range(30):
        await played.say(anna.id, f"line {number}.")
    window = await open_chat()
    await expect(window.message("line 29.")).to_be_in_viewport()
    await window.page.locator(".messages").hover()
    await window.page.mouse.wheel(0, -900)
    await expect(window.message("line 29.")).not_to_be_in_viewport()
    await played.say(anna.id, "news")
    await expect(window.hook("scroll-down").locator(".badge")).to_have_text("1")
    await expect(window.message("news")).not_to_be_in_viewport()
    await window.hook("scroll-down").click()
    await expect(window.message("news")).to_be_in_viewport()
    await played.say(anna.id, "more news")
    await expect(window.message("more news")).to_be_in_viewport()


async def test_a_blocked_bot_can_be_let_back(
    open_chat: OpenChat, played: PlayedBot, anna: SandboxPerson
) -> None:
    window = await open_chat()
    await window.hook("chat-menu").click()
    await window.hook("menu-block").click()
    await expect(window.hook("composer")).to_have_count(0)
    assert (await played.heard("my_chat_member"))["new_chat_member"]["status"] == "kicked"
    await window.hook("unblock-button").click()
    await window.write("I am back")
    assert (await played.heard())["text"] == "I am back"


async def test_both_languages_have_words_for_everything(open_chat: OpenChat) -> None:
    window = await open_chat()
    keys = "({TEXTS}) => Object.values(TEXTS).map(words => Object.keys(words).sort())"
    english, russian = await window.calculate(f"import('/static/js/texts.js').then({keys})")
    assert english == russian
    assert len(english) > 50
