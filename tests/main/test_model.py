"""`vitte model`: a language model in a box."""

from tests.web.processes import running
from vitte.clients.llm import ChatMessage, ModelChain
from vitte.core.settings import Settings
from vitte.core.settings.outside import LlmSettings
from vitte.embedded.ports import free_port


async def test_it_answers_by_the_protocol_of_models_and_ends_when_told(settings: Settings) -> None:
    port = free_port()
    command = ("-m", "vitte", "model", "--port", str(port), "--pause", "0")
    async with running(*command, settings=settings) as model:
        base_url = (await model.logged("model_ready"))["base_url"]
        assert base_url == f"http://127.0.0.1:{port}/v1"
        client = ModelChain.of(LlmSettings(base_url=base_url, model="any"))
        answer = [chunk.text async for chunk in client.stream([ChatMessage("user", "Hello")])]
        await client.close()
        assert "".join(answer) == "You said: Hello"
        assert await model.stop() == 0
