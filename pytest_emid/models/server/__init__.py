"""OpenAI-compatible servers: one or several, with budgets, retries and what they say about their tokens."""
