"""A Strands agent that does not stream and has a tool with numbers."""

import json

from strands import Agent, tool
from strands.models import BedrockModel


@tool
def add(a: int, b: int) -> int:
    """Add two whole numbers.

    Args:
        a: The one.
        b: The other.
    """
    return a + b


NAMES = ("inputTokens", "cacheReadInputTokens", "outputTokens", "totalTokens")
model = BedrockModel(model_id="openai.gpt-5-mini", streaming=False, temperature=0.1, max_tokens=100)
result = Agent(model=model, tools=[add], system_prompt="Use your tools.", callback_handler=None)("2 and 40?")
usage = result.metrics.accumulated_usage
print(
    json.dumps(
        {
            "text": str(result),
            "stop_reason": result.stop_reason,
            "usage": {name: usage[name] for name in NAMES},
        }
    )
)
