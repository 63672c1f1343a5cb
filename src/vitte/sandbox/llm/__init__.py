"""Models in a box: an OpenAI-compatible server that answers, hears, speaks and embeds by script.

For tests and load. What it says and how fast is set in the question itself, or for all questions by `Script`.
Faults are those that real providers show: https://platform.openai.com/docs/guides/error-codes .
"""

from vitte.sandbox.llm.script import Fault, Script, ToolStyle, ToolUse
from vitte.sandbox.llm.server import ScriptedModel, running_model

__all__ = ["Fault", "Script", "ScriptedModel", "ToolStyle", "ToolUse", "running_model"]
