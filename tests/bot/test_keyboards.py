"""What buttons say, and the data that they carry."""

from vitte.bot.keyboards.dialogs import DialogAction, DialogButton
from vitte.bot.keyboards.settings import settings_keyboard
from vitte.bot.texts import texts_for
from vitte.users.schemas import PersonSettings


def test_voice_is_offered_where_there_is_a_model_that_speaks() -> None:
    texts = texts_for("en")
    keyboard = settings_keyboard(PersonSettings(speaks=True), texts, with_voice=True)
    assert keyboard.inline_keyboard[-1][0].text == "🔊 Voice answers: on"
    assert keyboard.inline_keyboard[-1][0].callback_data == "set:voice:off"


def test_the_data_of_every_dialog_there_may_be_fits_a_button() -> None:
    for action in DialogAction:
        data = DialogButton(action=action, id=2**63 - 1, page=100_000).pack()
        assert len(data.encode()) <= 64
        assert DialogButton.unpack(data).action is action
