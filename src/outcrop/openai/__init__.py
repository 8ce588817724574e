"""The OpenAI dialect under /v1: models, chat completions, responses, embeddings, files and vector stores."""
