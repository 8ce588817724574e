"""The request and reply bodies of InvokeModel, one module a family of models."""
