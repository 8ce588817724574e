"""What writes answers: the extractive answerer, language models, and a scripted one for tests."""
